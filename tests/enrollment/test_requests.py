"""Login by phone, seen from the workstation: the screen never tells whether anybody was asked."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.flows.requests import Ceremony, ask_holder
from idp.enrollment.models import ApprovalRequest, Device
from idp.login.rules.authentication import LoginPolicy, MethodName
from tests.emulators.phones import SoftPhone
from tests.emulators.transport import RefusedError
from tests.emulators.workstation import Asked, Workstation
from tests.people import make_person

NOBODY = "899900000029"
LIVES = ("phone", "no phone")


def request_of(asked: Asked) -> ApprovalRequest:
    return ApprovalRequest.objects.get(pk=asked.request_id)


def status(station: Workstation, asked: Asked) -> dict[str, str | None]:
    address = reverse("enrollment:phone_status", args=[asked.request_id])
    answer: dict[str, str | None] = station.client.get(address).json()
    return answer


def masked(html: str) -> str:
    """A page without what differs between two visits: ids, number, csrf value."""
    html = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", html)
    html = re.sub(r'value="[A-Za-z0-9]{64}"', "CSRF", html)
    return re.sub(r">\s*\d\d\s*<", ">NN<", html)


@pytest.fixture
def identifiers(person: Person, phone: SoftPhone) -> dict[str, str]:
    """One identifier for each kind of person the page must not tell apart."""
    without = make_person("899900000045", family_name="Le Goff")
    return dict(zip(LIVES, (person.national_id, without.national_id), strict=True))


def test_who_has_a_phone_and_who_has_none_see_the_same_page(
    identifiers: dict[str, str],
) -> None:
    pages = set()
    now = clock.now()
    with clock.frozen(now):
        for identifier in identifiers.values():
            station = Workstation()
            asked = station.ask_phone(identifier)
            pages.add(masked(station.client.get(asked.path).content.decode()))
    assert len(pages) == 1


def test_a_decoy_costs_the_database_what_a_request_costs(identifiers: dict[str, str]) -> None:
    """A portal's server may name anybody (CIBA); a browser only who is known there."""
    counts = []
    for identifier in (*identifiers.values(), NOBODY):
        attempt = Workstation().open_login()
        with CaptureQueriesContext(connection) as queries:
            ask_holder(attempt=attempt, identifier=identifier, ceremony=Ceremony())
        counts.append([query["sql"].split(" ", 1)[0] for query in queries.captured_queries])
    assert counts[0] == counts[1] == counts[2]


def test_a_decoy_expires_like_a_request(identifiers: dict[str, str]) -> None:
    for identifier in identifiers.values():
        station = Workstation()
        asked = station.ask_phone(identifier)
        assert status(station, asked) == {"state": "pending", "next": None}
        with clock.frozen(clock.now() + timedelta(seconds=121)):
            assert status(station, asked) == {"state": "expired", "next": asked.path}
            response = station.client.get(asked.path)
            assert response.context["state"] == "expired"


def test_why_nobody_was_asked_is_in_the_audit_log_only(identifiers: dict[str, str]) -> None:
    for identifier in (*identifiers.values(), NOBODY):
        attempt = Workstation().open_login()
        ask_holder(attempt=attempt, identifier=identifier, ceremony=Ceremony())
    rows = AuditRow.objects.filter(event="phone_request").order_by("id")
    assert [row.data["code"] for row in rows] == ["", "no_phone", "unknown_person"]


def test_a_decoy_reaches_no_phone(identifiers: dict[str, str], phone: SoftPhone) -> None:
    Workstation().ask_phone(identifiers["no phone"])
    assert phone.requests() == []


@pytest.mark.parametrize("state", ["pending", "suspended", "blocked", "revoked"])
def test_a_phone_that_is_not_active_is_not_asked(
    person: Person, phone: SoftPhone, state: str
) -> None:
    Device.objects.update(state=state)
    assert request_of(Workstation().ask_phone(person.national_id)).is_decoy


def test_a_phone_past_its_validity_is_not_asked(person: Person, phone: SoftPhone) -> None:
    Device.objects.update(valid_until=clock.now())
    assert request_of(Workstation().ask_phone(person.national_id)).is_decoy


def test_a_new_request_of_the_same_browser_takes_the_place_of_the_old(
    person: Person, phone: SoftPhone
) -> None:
    station = Workstation()
    first, second = (station.ask_phone(person.national_id) for _nth in range(2))
    assert status(station, first)["state"] == "cancelled"
    (shown,) = phone.requests()
    assert shown["id"] == second.request_id


def test_a_second_question_does_not_tell_whether_the_first_was_a_decoy(
    identifiers: dict[str, str],
) -> None:
    seen = {}
    for life, identifier in identifiers.items():
        station = Workstation()
        first = station.ask_phone(identifier)
        station.ask_phone(identifier)
        seen[life] = status(station, first)["state"]
    assert set(seen.values()) == {"cancelled"}


def test_a_browser_that_asks_for_somebody_else_takes_its_first_question_back(
    identifiers: dict[str, str], phone: SoftPhone
) -> None:
    station = Workstation()
    station.ask_phone(identifiers["phone"])
    station.ask_phone(identifiers["no phone"])
    assert phone.requests() == []


def test_another_browser_does_not_push_a_pending_request_away(
    person: Person, phone: SoftPhone
) -> None:
    mine, theirs = Workstation(), Workstation()
    first = mine.ask_phone(person.national_id)
    second = theirs.ask_phone(person.national_id)
    assert request_of(second).is_decoy
    assert status(mine, first)["state"] == status(theirs, second)["state"] == "pending"
    (shown,) = phone.requests()
    assert shown["id"] == first.request_id


def test_an_expired_request_makes_room(person: Person, phone: SoftPhone) -> None:
    Workstation().ask_phone(person.national_id)
    with clock.frozen(clock.now() + timedelta(seconds=121)):
        assert not request_of(Workstation().ask_phone(person.national_id)).is_decoy


def test_starts_are_counted_by_network(person: Person) -> None:
    station = Workstation()
    for _nth in range(30):
        station.ask_phone(person.national_id)
    address = reverse("enrollment:phone_start", args=[station.open_login().pk])
    assert station.client.post(address, {"login": person.national_id}).status_code == 429
    # Codes on screens are counted with them.
    scan = reverse("enrollment:phone_scan", args=[station.open_login().pk])
    assert station.client.get(scan).status_code == 429


@pytest.mark.parametrize("typed", ["", "12", "899900000012", "x" * 500, "<script>"])
def test_what_is_no_identifier_is_typed_again(person: Person, typed: str) -> None:
    station = Workstation()
    station.know(person)
    address = reverse("enrollment:phone_start", args=[station.open_login().pk])
    response = station.client.post(address, {"login": typed})
    assert response.status_code == 400
    assert response.context["error"].code == "invalid_identifier"
    assert not ApprovalRequest.objects.exists()


def test_the_last_person_of_this_browser_is_remembered(
    person: Person, identifiers: dict[str, str]
) -> None:
    station = Workstation()
    for identifier in reversed(identifiers.values()):
        station.know(Person.objects.get(national_id=identifier))
    address = reverse("enrollment:phone_start", args=[station.open_login().pk])
    assert station.client.get(address).context["login"] == person.national_id


@pytest.mark.parametrize(("hint", "shown"), [("no phone", "no phone"), (NOBODY, "phone")])
def test_whom_the_portal_means_is_named_where_they_are_known(
    person: Person, identifiers: dict[str, str], hint: str, shown: str
) -> None:
    station = Workstation()
    for identifier in reversed(identifiers.values()):
        station.know(Person.objects.get(national_id=identifier))
    attempt = station.open_login(LoginPolicy(login_hint=identifiers.get(hint, hint)))
    address = reverse("enrollment:phone_start", args=[attempt.pk])
    assert station.client.get(address).context["login"] == identifiers[shown]


@pytest.mark.parametrize(
    "policy", [LoginPolicy(methods=(MethodName.CARD,)), LoginPolicy(acr_values=("eidas3",))]
)
def test_a_portal_that_does_not_take_the_phone_is_told_at_once(
    person: Person, phone: SoftPhone, policy: LoginPolicy
) -> None:
    station = Workstation()
    station.know(person)
    address = reverse("enrollment:phone_start", args=[station.open_login(policy).pk])
    response = station.client.post(address, {"login": person.national_id})
    assert response.status_code == 403
    assert not ApprovalRequest.objects.exists()


def test_the_number_lies_in_no_table(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    phone.challenge(asked.request_id, number=asked.number)
    values = ApprovalRequest.objects.values_list().get(pk=asked.request_id)
    assert asked.number not in [str(value) for value in values]


def test_another_browser_sees_nothing_of_a_request(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    for name in ("phone_wait", "phone_status", "phone_events"):
        address = reverse(f"enrollment:{name}", args=[asked.request_id])
        assert Workstation().client.get(address).status_code == 410
    cancel = reverse("enrollment:phone_cancel", args=[asked.request_id])
    assert Workstation().client.post(cancel).status_code == 410
    assert len(phone.requests()) == 1


def test_cancelling_on_the_screen_takes_the_request_off_the_phone(
    person: Person, phone: SoftPhone
) -> None:
    station = Workstation()
    asked = station.ask_phone(person.national_id)
    response = station.client.post(reverse("enrollment:phone_cancel", args=[asked.request_id]))
    assert response["Location"] == reverse("login:dispatch", args=[asked.attempt.pk])
    assert phone.requests() == []
    with pytest.raises(RefusedError) as caught:
        phone.challenge(asked.request_id, number=asked.number)
    assert caught.value.code == "request_over"


def refuse(phone: SoftPhone, asked: Asked) -> None:
    phone.deny(asked.request_id)


def report(phone: SoftPhone, asked: Asked) -> None:
    phone.deny(asked.request_id, reason="not_me")


@pytest.mark.parametrize(("answer", "stored"), [(refuse, "denied"), (report, "reported")])
def test_a_refusal_sends_the_browser_back_to_the_portal(
    person: Person, phone: SoftPhone, answer: Callable[[SoftPhone, Asked], None], stored: str
) -> None:
    station = Workstation()
    asked = station.ask_phone(person.national_id)
    answer(phone, asked)
    back = reverse("login:dispatch", args=[asked.attempt.pk])
    assert status(station, asked) == {"state": "denied", "next": back}
    assert station.client.get(asked.path)["Location"] == back
    asked.attempt.refresh_from_db()
    assert asked.attempt.refusal_code == "access_denied"
    assert request_of(asked).state == stored
    assert AuditRow.objects.get(event="phone_denied").evidence is not None


def test_forms_need_our_own_page(person: Person) -> None:
    station = Workstation()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = station.client.cookies
    address = reverse("enrollment:phone_start", args=[station.open_login().pk])
    assert strict.post(address, {"login": NOBODY}).status_code == 403
