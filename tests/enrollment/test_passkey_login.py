"""The phone's passkey used by the browser itself: bound to this origin, this login, this phone."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.configuration import Mode
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import Device, PasskeyCredential
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import LoginPolicy, MethodName
from idp.login.rules.ecps import EcpsPolicy
from tests.emulators.authenticator import SoftAuthenticator
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation


def offered(station: Workstation, attempt: LoginAttempt) -> dict[str, Any]:
    """What the page asks the browser for."""
    page = station.client.get(reverse("enrollment:phone_scan", args=[attempt.pk]))
    options: dict[str, Any] = page.context["passkey_options"]
    return options


def send(station: Workstation, attempt: LoginAttempt, body: Any) -> Any:
    address = reverse("enrollment:phone_passkey", args=[attempt.pk])
    content = body if isinstance(body, bytes) else json.dumps(body)
    return station.client.post(address, content, content_type="application/json")


def use(
    station: Workstation, phone: SoftPhone, policy: LoginPolicy | None = None
) -> tuple[LoginAttempt, Any]:
    attempt = station.open_login(policy)
    return attempt, send(station, attempt, phone.passkey.get(offered(station, attempt)))


def test_a_passkey_logs_its_holder_in(person: Person, phone: SoftPhone) -> None:
    station = Workstation()
    attempt, answer = use(station, phone)
    assert answer.json() == {"next": reverse("login:finish", args=[attempt.pk])}
    station.client.get(answer.json()["next"])
    session = SsoSession.objects.latest("auth_time")
    assert session.person_id == person.pk
    assert session.amr == ["swk", "user", "pop", "phr"]
    assert session.device == phone.device_id


def test_it_leaves_evidence_that_verifies(phone: SoftPhone) -> None:
    use(Workstation(), phone)
    row = AuditRow.objects.get(event="login", data__method="phone")
    assert row.evidence is not None
    assert row.evidence["kind"] == "passkey"
    assert verify().first_bad is None


@pytest.mark.parametrize(
    ("member", "value"),
    [("nonce", "A" * 43), ("client_id", "other"), ("credential_public", "AAAA"), ("assertion", {})],
)
def test_evidence_that_was_altered_is_found(phone: SoftPhone, member: str, value: Any) -> None:
    use(Workstation(), phone)
    row = AuditRow.objects.get(event="login", data__method="phone")
    assert row.evidence is not None
    place = row.evidence["context"] if member == "client_id" else row.evidence
    place[member] = value
    AuditRow.objects.filter(pk=row.pk).update(evidence=row.evidence)
    assert verify().first_bad is not None


def test_evidence_of_a_passkey_of_another_person_is_found(phone: SoftPhone) -> None:
    use(Workstation(), phone)
    AuditRow.objects.filter(event="device_activated").update(subject="899900000045")
    assert verify().first_bad is not None


def other_origin(key: SoftAuthenticator) -> None:
    key.origin = "https://evil.example"


def foreign_frame(key: SoftAuthenticator) -> None:
    key.cross_origin = True


def foreign_top(key: SoftAuthenticator) -> None:
    key.top_origin = "https://evil.example"


def nobody_verified(key: SoftAuthenticator) -> None:
    key.user_verified = False


def another_key(key: SoftAuthenticator) -> None:
    key.key = SoftAuthenticator(origin=key.origin).key


def another_credential(key: SoftAuthenticator) -> None:
    key.credential_id = b"\x01" * 32


@pytest.mark.parametrize(
    "bend",
    [other_origin, foreign_frame, foreign_top, nobody_verified, another_key, another_credential],
)
def test_a_passkey_that_proves_something_else_is_refused(
    phone: SoftPhone, bend: Callable[[SoftAuthenticator], None]
) -> None:
    bend(phone.passkey)
    attempt, answer = use(Workstation(), phone)
    assert answer.status_code == 403
    assert answer.json()["code"] == "passkey_refused"
    assert answer.json()["reference"]
    attempt.refresh_from_db()
    assert attempt.proof is None
    # Credential ids are no secret: a stranger's wrong answers must not suspend a phone.
    assert Device.objects.get(pk=phone.device_id).state == "active"
    assert PasskeyCredential.objects.get().failures == 0


def test_an_answer_to_one_login_is_none_to_another(phone: SoftPhone) -> None:
    station = Workstation()
    first, second = station.open_login(), station.open_login()
    answer = send(station, second, phone.passkey.get(offered(station, first)))
    assert answer.json()["code"] == "passkey_refused"


def test_an_answer_serves_once(phone: SoftPhone) -> None:
    station = Workstation()
    attempt = station.open_login()
    assertion = phone.passkey.get(offered(station, attempt))
    assert send(station, attempt, assertion).status_code == 200
    assert send(station, attempt, assertion).status_code == 410
    assert (
        AuditRow.objects.filter(event="login", outcome="accepted", data__method="phone").count()
        == 1
    )


def test_another_browser_cannot_hand_it_in(phone: SoftPhone) -> None:
    station = Workstation()
    attempt = station.open_login()
    assertion = phone.passkey.get(offered(station, attempt))
    assert send(Workstation(), attempt, assertion).status_code == 410


def test_a_counter_that_went_back_suspends_the_phone(phone: SoftPhone) -> None:
    use(Workstation(), phone)
    phone.passkey.sign_count = 0
    _attempt, answer = use(Workstation(), phone)
    assert answer.json()["code"] == "device_suspended"
    assert Device.objects.get(pk=phone.device_id).state == "suspended"


@pytest.mark.parametrize("state", ["suspended", "blocked", "revoked", "pending"])
def test_a_phone_that_is_not_active_logs_nobody_in(phone: SoftPhone, state: str) -> None:
    Device.objects.update(state=state)
    _attempt, answer = use(Workstation(), phone)
    assert answer.json()["code"] == "passkey_refused"


def test_a_phone_past_its_validity_logs_nobody_in(phone: SoftPhone) -> None:
    Device.objects.update(valid_until=clock.now())
    _attempt, answer = use(Workstation(), phone)
    assert answer.json()["code"] == "passkey_refused"


def test_a_portal_that_wants_one_certain_phone_does_not_take_a_synced_key(
    phone: SoftPhone,
) -> None:
    Device.objects.update(activated_at=clock.now() - timedelta(days=2))
    _attempt, answer = use(Workstation(), phone, LoginPolicy(ecps=EcpsPolicy.INSTANCE_BOUND))
    assert answer.json()["code"] == "phone_not_accepted"


def test_a_portal_takes_an_attested_key_past_its_probation(phone: SoftPhone) -> None:
    PasskeyCredential.objects.update(attested=True, backup_eligible=False)
    phone.passkey.backup_eligible = False
    policy = LoginPolicy(ecps=EcpsPolicy.ATTESTED)
    _attempt, early = use(Workstation(), phone, policy)
    assert early.json()["code"] == "phone_on_probation"
    Device.objects.update(activated_at=clock.now() - timedelta(days=2))
    _attempt, answer = use(Workstation(), phone, policy)
    assert answer.status_code == 200
    assert SsoSession.objects.count() == 1


def test_a_portal_that_takes_no_phone_takes_no_passkey(phone: SoftPhone) -> None:
    station = Workstation()
    attempt = station.open_login(LoginPolicy(methods=(MethodName.CARD,)))
    answer = send(station, attempt, phone.passkey.get({"rpId": "localhost", "challenge": "AAAA"}))
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"response": 1}',
        b'{"response": {}}',
        b'{"rawId": 5, "response": {}}',
        b'{"rawId": "' + b"A" * 20_000 + b'", "response": {}}',
        b'{"rawId": "A", "rawId": "B", "response": {}}',
    ],
)
def test_what_is_no_answer_is_refused(phone: SoftPhone, body: bytes) -> None:
    station = Workstation()
    answer: HttpResponse = send(station, station.open_login(), body)
    assert answer.status_code == 403


def test_the_form_is_our_own(phone: SoftPhone) -> None:
    station = Workstation()
    attempt = station.open_login()
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = station.client.cookies
    address = reverse("enrollment:phone_passkey", args=[attempt.pk])
    assert strict.post(address, "{}", content_type="application/json").status_code == 403


def test_a_pin_phone_has_no_passkey(pin_phone: SoftPhone) -> None:
    _attempt, answer = use(Workstation(), pin_phone)
    assert answer.json()["code"] == "passkey_refused"


def test_test_people_do_not_log_in_to_production(settings: Any, phone: SoftPhone) -> None:
    station = Workstation()
    attempt = station.open_login()
    assertion = phone.passkey.get(offered(station, attempt))
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    assert send(station, attempt, assertion).status_code in {401, 403, 410}
    attempt.refresh_from_db()
    assert attempt.proof is None
