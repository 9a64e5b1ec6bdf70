"""« Perdu ou volé »: a holder takes a card or phone of theirs out of use, after a question."""

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.flows.cards import SeenCard, note_card
from idp.directory.models import Card, Person
from idp.enrollment.models import Device
from idp.login.models import LoginAttempt, RevocationOrder, SsoSession
from idp.login.rules.authentication import AuthMode
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.people import make_person

LOSS = "/mon-ecps/perte"


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


def card_of(person: Person, serial: str = "a1", number: str = "9900000011") -> Card:
    note_card(
        SeenCard(
            person_id=person.pk,
            issuer_sha256="0" * 64,
            serial=serial,
            number=f"8025000001/{number}",
            kind="CPS",
            not_after=clock.now() + timedelta(days=400),
        )
    )
    return Card.objects.get(serial=serial)


@pytest.fixture
def workstation(person: Person) -> Workstation:
    desk = Workstation()
    desk.log_in_by_card(person)
    return desk


def test_who_is_not_logged_in_chooses_phone_or_card_first(db: None) -> None:
    response = Browser().get(LOSS)
    assert response.status_code == 303
    attempt = LoginAttempt.objects.get()
    assert attempt.policy["methods"] == ["phone", "card", "test"]
    assert attempt.return_url_name == "enrollment:loss_resume"


def test_a_login_of_long_ago_is_asked_for_again(workstation: Workstation) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert "/login/" in workstation.client.get(LOSS)["Location"]


def test_an_offline_code_is_not_enough(workstation: Workstation) -> None:
    SsoSession.objects.update(method="offline")
    assert "/login/" in workstation.client.get(LOSS)["Location"]


def test_a_card_is_asked_about_then_out_of_use(person: Person) -> None:
    card, kept = card_of(person), card_of(person, "b2", "9900000012")
    by_card = Workstation().log_in_by_card(person)
    SsoSession.objects.filter(pk=by_card.pk).update(card=card)
    desk = Workstation()
    desk.log_in_by_card(person, AuthMode.MOBILE)
    shown = desk.client.get(LOSS).content.decode()
    assert f'value="card-{card.pk}"' in shown
    assert f'value="card-{kept.pk}"' in shown
    asked = desk.client.post(LOSS, {"lost": f"card-{card.pk}"})
    assert 'id="loss-confirmed"' in asked.content.decode()
    assert not RevocationOrder.objects.exists()
    done = desk.client.post(LOSS, {"lost": f"card-{card.pk}", "confirmed": "yes"})
    assert done.status_code == 303
    assert "La carte est bloquée ici" in desk.client.get(done["Location"]).content.decode()
    order = RevocationOrder.objects.get()
    assert (order.target, order.cause) == ("9900000011", "reported lost by its holder")
    by_card.refresh_from_db()
    assert by_card.ended_at is not None
    row = AuditRow.objects.get(event="access_revoked")
    assert row.subject == person.national_id
    # It is in the list no more; the other one is, and the session of who reported goes on.
    left = desk.client.get(LOSS).content.decode()
    assert f'value="card-{card.pk}"' not in left
    assert f'value="card-{kept.pk}"' in left


def test_reported_by_the_lost_card_itself_the_session_ends_and_the_page_is_there(
    person: Person, workstation: Workstation
) -> None:
    card = card_of(person)
    assert workstation.session is not None
    SsoSession.objects.filter(pk=workstation.session.pk).update(card=card)
    done = workstation.client.post(LOSS, {"lost": f"card-{card.pk}", "confirmed": "yes"})
    assert workstation.client.get(done["Location"]).status_code == 200
    assert "/login/" in workstation.client.get(LOSS)["Location"]


def test_a_phone_ends_for_good(workstation: Workstation) -> None:
    workstation.activate(SoftPhone(Browser()))
    device = Device.objects.get()
    workstation.client.post(LOSS, {"lost": f"phone-{device.pk}", "confirmed": "yes"})
    device.refresh_from_db()
    assert (device.state, device.end_reason) == ("revoked", "by holder, reported lost")


def test_somebody_elses_is_not_ones_own_to_report(workstation: Workstation) -> None:
    other = card_of(make_person("899900000029"))
    answer = workstation.client.post(LOSS, {"lost": f"card-{other.pk}", "confirmed": "yes"})
    assert answer.status_code == 409
    assert not RevocationOrder.objects.exists()


def test_nothing_chosen_is_said(person: Person, workstation: Workstation) -> None:
    card_of(person)
    answer = workstation.client.post(LOSS, {"confirmed": "yes"})
    assert answer.status_code == 400
    assert 'id="loss-empty"' in answer.content.decode()


def test_sent_twice_it_is_reported_once(person: Person, workstation: Workstation) -> None:
    card = card_of(person)
    for _time in range(2):
        workstation.client.post(LOSS, {"lost": f"card-{card.pk}", "confirmed": "yes"})
    assert AuditRow.objects.filter(event="access_revoked").count() == 1


def test_who_has_nothing_is_told_so(workstation: Workstation) -> None:
    assert 'id="loss-nothing"' in workstation.client.get(LOSS).content.decode()


def test_a_strangers_page_cannot_report_for_somebody(workstation: Workstation) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = workstation.client.cookies
    assert strict.post(reverse("enrollment:loss"), {"lost": "card-1"}).status_code == 403
