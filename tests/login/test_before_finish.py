"""Between proof and session: another's session is not inherited, a card that ends is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import Authentication, MethodName
from tests.login.conftest import BROWSER, open_one, proof_of
from tests.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    client = Client()
    client.cookies[settings.HYGIE.cookie_name("browser")] = BROWSER.secret
    return client


@pytest.fixture
def nurse(db: None) -> Person:
    return make_person("899900000045", profession="60", family_name="Le Goff", given_names="Jean")


def proven(proof: Authentication) -> LoginAttempt:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof)
    return attempt


def finish(attempt: LoginAttempt) -> str:
    return reverse("login:finish", args=[attempt.pk])


def test_another_card_is_asked_whether_the_session_of_the_one_before_may_end(
    visitor: Client, person: Person, nurse: Person
) -> None:
    assert visitor.get(finish(proven(proof_of(person)))).status_code == 303
    first = SsoSession.objects.get()
    attempt = proven(proof_of(nurse))
    page = visitor.get(finish(attempt))
    html = page.content.decode()
    assert page.status_code == 200
    assert 'data-asks="other-person"' in html
    assert "Camille Lefèvre" in html
    assert "Le Goff" in html
    # Nothing has happened yet: the first session stands, the second has not begun.
    assert SsoSession.objects.get().ended_at is None
    assert visitor.post(finish(attempt)).status_code == 303
    first.refresh_from_db()
    second = SsoSession.objects.exclude(pk=first.pk).get()
    assert first.ended_at is not None
    assert second.person_id == nurse.pk


def test_who_says_no_leaves_the_session_of_the_other_as_it_is(
    visitor: Client, person: Person, nurse: Person
) -> None:
    visitor.get(finish(proven(proof_of(person))))
    attempt = proven(proof_of(nurse))
    back = visitor.post(reverse("login:cancel", args=[attempt.pk]))
    attempt.refresh_from_db()
    assert (attempt.state, attempt.refusal_code) == ("refused", "access_denied")
    assert visitor.get(back["Location"])["Location"].startswith(reverse("help") + "?step=")
    session = SsoSession.objects.get()
    assert (session.person_id, session.ended_at) == (person.pk, None)
    assert AuditRow.objects.get(event="login_declined").subject == nurse.national_id
    assert visitor.post(finish(attempt)).status_code == 303
    assert SsoSession.objects.count() == 1


def test_the_yes_needs_the_pages_own_form(visitor: Client, person: Person, nurse: Person) -> None:
    visitor.get(finish(proven(proof_of(person))))
    attempt = proven(proof_of(nurse))
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    assert strict.post(finish(attempt)).status_code == 403
    assert SsoSession.objects.count() == 1


def test_the_same_person_is_asked_nothing(visitor: Client, person: Person) -> None:
    visitor.get(finish(proven(proof_of(person))))
    assert visitor.get(finish(proven(proof_of(person)))).status_code == 303
    assert SsoSession.objects.count() == 1


def test_a_session_that_is_over_is_nobodys(visitor: Client, person: Person, nurse: Person) -> None:
    visitor.get(finish(proven(proof_of(person))))
    login.end_session(session=SsoSession.objects.get(), reason="logout")
    assert visitor.get(finish(proven(proof_of(nurse)))).status_code == 303


def test_a_phone_is_no_card_left_in_a_reader(
    visitor: Client, person: Person, nurse: Person
) -> None:
    visitor.get(finish(proven(proof_of(person))))
    by_phone = replace(proof_of(nurse), method=MethodName.PHONE)
    assert visitor.get(finish(proven(by_phone))).status_code == 303
    assert SsoSession.objects.filter(ended_at__isnull=True).get().person_id == nurse.pk


def test_a_card_that_ends_soon_is_told_with_its_day_and_the_way_to_a_new_one(
    visitor: Client, person: Person
) -> None:
    ends = clock.now() + timedelta(days=12)
    attempt = proven(replace(proof_of(person), ends_soon_at=ends))
    page = visitor.get(finish(attempt))
    html = page.content.decode()
    assert page.status_code == 200
    assert 'id="card-ends-soon"' in html
    assert str(ends.year) in html
    assert "CPS Info Service" in html
    assert visitor.post(finish(attempt)).status_code == 303
    assert SsoSession.objects.count() == 1
