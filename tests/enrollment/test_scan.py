"""The code on the login page: it names nobody, turns each second, and binds one phone, once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import ApprovalRequest, PhoneScreen
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.steps import AttemptState
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.enrollment.scanning import refusal, status, typed_code
from tests.people import make_person


# --- The way it goes --------------------------------------------------------------------------
@pytest.mark.parametrize("means", ["token", "code"])
def test_a_phone_that_read_the_code_logs_its_holder_in(
    screen: Workstation, phone: SoftPhone, person: Person, means: str
) -> None:
    shown = screen.show_code()
    read = {"token": shown.token} if means == "token" else {"code": typed_code(screen, shown)}
    request = phone.scan(**read)
    assert (request["number_length"], request["means"]) == (0, "scan")
    assert request["browser"] == "Firefox · Windows"
    waiting = reverse("enrollment:phone_wait", args=[request["id"]])
    assert status(screen, shown)["next"] == waiting
    assert screen.client.get(waiting).context["number"] == ""
    phone.approve(request["id"], number="")
    back = screen.client.get(waiting)
    screen.client.get(back["Location"])
    assert SsoSession.objects.latest("auth_time").person_id == person.pk


def test_that_the_code_was_read_is_signed_and_audited(
    screen: Workstation, phone: SoftPhone, person: Person
) -> None:
    request = phone.scan(token=screen.show_code().token)
    phone.approve(request["id"], number="")
    row = AuditRow.objects.get(event="login", data__method="phone")
    assert row.evidence is not None
    assert row.evidence["context"]["means"] == "scan"
    assert verify().first_bad is None
    asked = AuditRow.objects.get(event="phone_request")
    assert asked.data["device"] == phone.device_id
    assert asked.subject == person.national_id


def test_a_signature_that_leaves_out_how_it_was_asked_is_refused(
    screen: Workstation, phone: SoftPhone
) -> None:
    request = phone.scan(token=screen.show_code().token)
    challenge = phone.challenge(request["id"], number="")
    body = phone.approval({**request, "means": ""}, challenge, number="")
    path = f"/requests/{request['id']}/approve"
    assert refusal(lambda: phone.signed_call("POST", path, body)).code == "bad_signature"


def test_the_next_time_the_identifier_is_enough(
    screen: Workstation, phone: SoftPhone, person: Person
) -> None:
    shown = screen.show_code()
    phone.approve(phone.scan(token=shown.token)["id"], number="")
    screen.client.get(reverse("login:finish", args=[shown.attempt.pk]))
    address = reverse("enrollment:phone_start", args=[screen.open_login().pk])
    assert screen.client.get(address).context["login"] == person.national_id


def test_a_refusal_on_the_phone_is_told_to_the_portal(
    screen: Workstation, phone: SoftPhone
) -> None:
    shown = screen.show_code()
    phone.deny(phone.scan(token=shown.token)["id"])
    assert status(screen, shown)["next"] == reverse("login:dispatch", args=[shown.attempt.pk])
    shown.attempt.refresh_from_db()
    assert shown.attempt.refusal_code == "access_denied"


# --- Nobody is reached by a public number -----------------------------------------------------
def test_an_identifier_typed_in_an_unknown_browser_reaches_nobody(
    screen: Workstation, phone: SoftPhone, person: Person
) -> None:
    address = reverse("enrollment:phone_start", args=[screen.open_login().pk])
    page = screen.client.post(address, {"login": person.national_id})
    assert page.status_code == 403
    assert page.context["error"].code == "not_known_here"
    assert not ApprovalRequest.objects.exists()
    assert phone.requests() == []


def test_a_browser_that_knows_somebody_else_reaches_nobody(
    screen: Workstation, phone: SoftPhone, person: Person
) -> None:
    screen.know(make_person("899900000045", family_name="Le Goff"))
    address = reverse("enrollment:phone_start", args=[screen.open_login().pk])
    page = screen.client.post(address, {"login": person.national_id})
    assert page.context["error"].code == "not_known_here"
    assert not ApprovalRequest.objects.exists()


@pytest.mark.parametrize("secret", ["", "x" * 43, "é" * 43, "0" * 20])
def test_a_cookie_that_was_made_up_knows_nobody(person: Person, secret: str) -> None:
    station = Workstation()
    station.know(person)
    stranger = Workstation()
    stranger.client.cookies["hygie_known"] = secret
    address = reverse("enrollment:phone_start", args=[stranger.open_login().pk])
    assert "login" not in stranger.client.get(address).context


def test_a_browser_is_known_for_half_a_year(person: Person) -> None:
    station = Workstation()
    station.know(person)
    with clock.frozen(clock.now() + timedelta(days=179)):
        soon = reverse("enrollment:phone_start", args=[station.open_login().pk])
        assert station.client.get(soon).context["login"] == person.national_id
    with clock.frozen(clock.now() + timedelta(days=181)):
        late = reverse("enrollment:phone_start", args=[station.open_login().pk])
        assert "login" not in station.client.get(late).context


def test_a_browser_forgets_when_it_is_told_to(person: Person) -> None:
    station = Workstation()
    station.know(person)
    attempt = station.open_login()
    secret = station.client.cookies["hygie_known"].value
    station.client.post(reverse("enrollment:phone_forget", args=[attempt.pk]))
    start = reverse("enrollment:phone_start", args=[attempt.pk])
    assert "login" not in station.client.get(start).context
    # The cookie alone brings nothing back.
    station.client.cookies["hygie_known"] = secret
    assert "login" not in station.client.get(start).context


def test_whoever_is_reported_asks_by_number_no_more(person: Person, phone: SoftPhone) -> None:
    station = Workstation()
    phone.deny(station.ask_phone(person.national_id).request_id, reason="not_me")
    start = reverse("enrollment:phone_start", args=[station.open_login().pk])
    assert "login" not in station.client.get(start).context


def test_a_screen_that_was_reported_is_not_approved_by_its_code(
    settings: Any, person: Person, phone: SoftPhone
) -> None:
    lifetimes = replace(settings.HYGIE.lifetimes, phone_report_block=timedelta(hours=24))
    settings.HYGIE = replace(settings.HYGIE, lifetimes=lifetimes)
    station = Workstation()
    phone.deny(station.ask_phone(person.national_id).request_id, reason="not_me")
    shown = station.show_code()
    assert refusal(lambda: phone.scan(token=shown.token)).code == "browser_reported"
    with clock.frozen(clock.now() + timedelta(hours=25)):
        fresh = station.show_code()
        assert phone.scan(token=fresh.token)["means"] == "scan"


# --- Stale, altered, foreign ------------------------------------------------------------------
def test_a_code_older_than_five_seconds_is_refused(screen: Workstation, phone: SoftPhone) -> None:
    now = clock.now()
    with clock.frozen(now):
        shown = screen.show_code()
    with clock.frozen(now + timedelta(seconds=7)):
        assert refusal(lambda: phone.scan(token=shown.token)).code == "scan_over"
    with clock.frozen(now + timedelta(seconds=4)):
        assert phone.scan(token=shown.token)["means"] == "scan"


def test_a_code_of_the_future_is_refused(screen: Workstation, phone: SoftPhone) -> None:
    attempt = screen.open_login()
    with clock.frozen(clock.now() + timedelta(seconds=30)):
        ahead = screen.show_code(attempt)
    assert refusal(lambda: phone.scan(token=ahead.token)).code == "scan_over"


def altered_login(token: str) -> str:
    return ("B" if token[0] == "A" else "A") + token[1:]


def altered_age(token: str) -> str:
    login, age, mac = token.split(".")
    return f"{login}.{int(age) + 1}.{mac}"


def altered_mac(token: str) -> str:
    return token[:-2] + ("A" if token[-2] != "A" else "B") + token[-1]


def padded_age(token: str) -> str:
    login, age, mac = token.split(".")
    return f"{login}.0{age}.{mac}"


@pytest.mark.parametrize(
    "alter",
    [
        altered_login,
        altered_age,
        altered_mac,
        padded_age,
        lambda token: token[:-1],
        lambda token: f"{token}.",
        lambda _token: "x",
    ],
)
def test_an_altered_code_is_refused(
    screen: Workstation, phone: SoftPhone, alter: Callable[[str], str]
) -> None:
    shown = screen.show_code()
    assert refusal(lambda: phone.scan(token=alter(shown.token))).code == "scan_over"
    assert not ApprovalRequest.objects.exists()


@pytest.mark.parametrize("typed", ["AAAAA-AAAAA", "0000000000", "short", "é" * 10])
def test_a_guessed_code_is_refused(screen: Workstation, phone: SoftPhone, typed: str) -> None:
    typed_code(screen, screen.show_code())
    assert refusal(lambda: phone.scan(code=typed)).code == "scan_over"


def test_guesses_of_one_network_are_few(screen: Workstation, phone: SoftPhone) -> None:
    code = typed_code(screen, screen.show_code())
    for _nth in range(20):
        refusal(lambda: phone.scan(code="AAAAA-AAAAA"))
    assert refusal(lambda: phone.scan(code=code)).status == 429


def test_a_typed_code_lives_two_minutes(screen: Workstation, phone: SoftPhone) -> None:
    code = typed_code(screen, screen.show_code())
    with clock.frozen(clock.now() + timedelta(seconds=121)):
        assert refusal(lambda: phone.scan(code=code)).code == "scan_over"


def test_a_new_typed_code_ends_the_one_before(screen: Workstation, phone: SoftPhone) -> None:
    shown = screen.show_code()
    with clock.frozen(clock.now() - timedelta(seconds=5)):
        first = typed_code(screen, shown)
    second = typed_code(screen, shown)
    assert refusal(lambda: phone.scan(code=first)).code == "scan_over"
    assert phone.scan(code=second)["means"] == "scan"


def test_the_typed_code_lies_in_no_table(screen: Workstation) -> None:
    shown = screen.show_code()
    code = typed_code(screen, shown)
    stored = str(PhoneScreen.objects.values_list().get(pk=shown.attempt.pk))
    assert code not in stored
    assert code.replace("-", "") not in stored


def test_the_code_of_a_login_that_is_over_is_refused(screen: Workstation, phone: SoftPhone) -> None:
    shown = screen.show_code()
    LoginAttempt.objects.update(state=AttemptState.REFUSED)
    assert refusal(lambda: phone.scan(token=shown.token)).code == "scan_over"
