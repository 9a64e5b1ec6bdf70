"""Approving on the phone: the number, then both signatures; each thing bent is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import Device, PasskeyCredential
from idp.enrollment.rules.encoding import b64u
from idp.enrollment.rules.states import DeviceState
from idp.login import flows as login
from tests.emulators.phones import PinBox, SoftPhone
from tests.emulators.workstation import Workstation
from tests.mobileapi.screen import Screen, approve, refusal
from tests.people import make_person


def test_a_wrong_number_ends_the_request(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    error = refusal(phone.challenge, screen.asked.request_id, number=screen.asked.wrong_number)
    assert (error.status, error.code) == (409, "wrong_number")
    assert screen.request.state == "failed"
    row = AuditRow.objects.get(reference=error.problem["reference"])
    assert row.data["code"] == "wrong_number"
    late = refusal(phone.challenge, screen.asked.request_id, number=screen.asked.number)
    assert (late.status, late.code) == (410, "request_over")


def test_a_wrong_number_leaves_the_login_open_for_another_try(
    person: Person, phone: SoftPhone
) -> None:
    screen = Screen(person)
    refusal(phone.challenge, screen.asked.request_id, number=screen.asked.wrong_number)
    again = screen.station.ask_phone(person.national_id, screen.asked.attempt)
    phone.approve(again.request_id, number=again.number)
    assert screen.is_proven


def test_without_the_number_nothing_can_be_approved(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    body: dict[str, Any] = {
        "assertion": {"response": {}},
        "pin_signature": None,
        "instance_signature": b64u(bytes(64)),
    }
    error = refusal(phone.signed_call, "POST", f"/requests/{screen.asked.request_id}/approve", body)
    assert (error.status, error.code) == (409, "challenge_needed")


def test_an_approval_is_not_replayed(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    approve(phone, screen.asked)
    body: dict[str, Any] = {
        "assertion": {"response": {}},
        "pin_signature": None,
        "instance_signature": b64u(bytes(64)),
    }
    error = refusal(phone.signed_call, "POST", f"/requests/{screen.asked.request_id}/approve", body)
    assert (error.status, error.code) == (410, "request_over")


def test_an_approval_of_one_login_does_not_serve_another(person: Person, phone: SoftPhone) -> None:
    first = Screen(person)
    (request,) = phone.requests()
    challenge = phone.challenge(first.asked.request_id, number=first.asked.number)
    body = phone.approval(request, challenge, number=first.asked.number)
    second = first.station.ask_phone(person.national_id)
    phone.challenge(second.request_id, number=second.number)
    path = f"/requests/{second.request_id}/approve"
    assert refusal(phone.signed_call, "POST", path, body).code == "bad_signature"


def test_an_expired_request_cannot_be_approved(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    (request,) = phone.requests()
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    body = phone.approval(request, challenge, number=screen.asked.number)
    with clock.frozen(clock.now() + timedelta(seconds=121)):
        phone.fetch_nonce()
        assert phone.requests() == []
        path = f"/requests/{screen.asked.request_id}/approve"
        assert refusal(phone.signed_call, "POST", path, body).code == "request_over"
    assert not screen.is_proven


def test_a_login_cancelled_on_the_screen_cannot_be_approved(
    person: Person, phone: SoftPhone
) -> None:
    screen = Screen(person)
    login.refuse(attempt=screen.asked.attempt, code="access_denied")
    assert phone.requests() == []
    error = refusal(phone.challenge, screen.asked.request_id, number=screen.asked.number)
    assert error.code == "request_over"


def test_another_persons_request_does_not_exist(person: Person, phone: SoftPhone) -> None:
    stranger = make_person("899900000029", family_name="Ben Salem")
    station = Workstation()
    station.log_in_by_card(stranger)
    other = station.activate(SoftPhone(Client()))
    screen = Screen(person)
    assert other.requests() == []
    path = f"/requests/{screen.asked.request_id}"
    calls: list[tuple[str, dict[str, Any]]] = [
        ("challenge", {"number": screen.asked.number}),
        (
            "approve",
            {
                "assertion": {"response": {}},
                "pin_signature": None,
                "instance_signature": b64u(bytes(64)),
            },
        ),
        (
            "deny",
            {
                "reason": "not_me",
                "nonce": b64u(bytes(32)),
                "instance_signature": b64u(bytes(64)),
            },
        ),
    ]
    for step, body in calls:
        error = refusal(other.signed_call, "POST", f"{path}/{step}", body)
        assert (error.status, error.code) == (404, "unknown_request")
    assert screen.request.state == "pending"


def test_the_phone_that_gave_the_number_is_the_one_that_signs(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    second = workstation.activate(SoftPhone(Client(), kind="pin", pin_rounds=10))
    screen = Screen(person)
    (request,) = phone.requests()
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    body = second.approval(request, challenge, number=screen.asked.number)
    path = f"/requests/{screen.asked.request_id}/approve"
    assert refusal(second.signed_call, "POST", path, body).code == "challenge_needed"


def test_a_revoked_phone_gets_nothing_more(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    Device.objects.get().move(DeviceState.REVOKED)
    assert refusal(phone.requests).code == "unknown_device"
    error = refusal(phone.challenge, screen.asked.request_id, number=screen.asked.number)
    assert (error.status, error.code) == (401, "unknown_device")


def test_revoking_a_phone_ends_what_waits(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    screen = Screen(person)
    workstation.client.post(f"/mon-ecps/appareils/{phone.device_id}/revoquer")
    assert screen.request.state == "cancelled"


@pytest.mark.parametrize(
    "bent",
    [
        {"user_verified": False},
        {"cross_origin": True},
        {"top_origin": "https://evil.example"},
        {"origin": "https://evil.example"},
        {"credential_id": b"\x01" * 32},
    ],
    ids=lambda bent: next(iter(bent)),
)
def test_a_bent_assertion_ends_the_request(
    person: Person, phone: SoftPhone, bent: dict[str, Any]
) -> None:
    screen = Screen(person)
    for name, value in bent.items():
        setattr(phone.passkey, name, value)
    error = refusal(approve, phone, screen.asked)
    assert (error.status, error.code) == (403, "proof_refused")
    assert screen.request.state == "failed"
    assert not screen.is_proven


def test_an_assertion_of_another_key_ends_the_request(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    phone.passkey.key = SoftPhone(Client()).passkey.key
    assert refusal(approve, phone, screen.asked).code == "proof_refused"
    assert screen.request.state == "failed"


def test_an_assertion_over_another_context_is_refused(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    (request,) = phone.requests()
    request["portal"]["name"] = "Une autre banque"
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    body = phone.approval(request, challenge, number=screen.asked.number)
    path = f"/requests/{screen.asked.request_id}/approve"
    assert refusal(phone.signed_call, "POST", path, body).code == "bad_signature"


def test_a_copied_passkey_with_an_older_counter_suspends_the_phone(
    person: Person, phone: SoftPhone
) -> None:
    first = Screen(person)
    approve(phone, first.asked)
    phone.passkey.sign_count = 0
    second = Screen(person)
    error = refusal(approve, phone, second.asked)
    assert (error.status, error.code) == (423, "device_suspended")
    assert second.request.state == "failed"
    assert phone.me()["state"] == "suspended"
    assert refusal(phone.requests).code == "device_not_active"


def test_a_synced_copy_without_the_installation_approves_nothing(
    person: Person, phone: SoftPhone
) -> None:
    """The passkey on another device of the same account: its counter is ahead, its flags right."""
    screen = Screen(person)
    copy = SoftPhone(Client())
    copy.device_id, copy.passkey = phone.device_id, phone.passkey
    # As that phone it cannot even ask: each request is signed by the installation.
    assert refusal(copy.requests).code == "invalid_dpop_proof"
    (request,) = phone.requests()
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    body = copy.approval(request, challenge, number=screen.asked.number)
    path = f"/requests/{screen.asked.request_id}/approve"
    assert refusal(phone.signed_call, "POST", path, body).code == "bad_signature"
    assert not screen.is_proven
    assert phone.me()["state"] == "active"


def test_a_passkey_that_became_another_kind_suspends_the_phone(
    person: Person, phone: SoftPhone
) -> None:
    screen = Screen(person)
    phone.passkey.backup_eligible = False
    assert refusal(approve, phone, screen.asked).code == "device_suspended"


def test_a_passkey_without_a_counter_goes_on(person: Person, workstation: Workstation) -> None:
    phone = SoftPhone(Client())
    phone.passkey.counts = False
    workstation.activate(phone)
    for _nth in range(2):
        screen = Screen(person)
        approve(phone, screen.asked)
        assert screen.is_proven


def test_the_counter_moves_with_each_approval(person: Person, phone: SoftPhone) -> None:
    before = PasskeyCredential.objects.get().sign_count
    approve(phone, Screen(person).asked)
    assert PasskeyCredential.objects.get().sign_count == before + 1


def test_a_pin_phone_cannot_approve_with_a_passkey_body(
    person: Person, pin_phone: SoftPhone, workstation: Workstation
) -> None:
    screen = Screen(person)
    (request,) = pin_phone.requests()
    challenge = pin_phone.challenge(screen.asked.request_id, number=screen.asked.number)
    assert challenge["webauthn"] is None
    stranger = SoftPhone(Client()).passkey
    assertion = stranger.get({"rpId": "localhost"}, challenge=b"c" * 32)
    body = {**pin_phone.approval(request, challenge, number=screen.asked.number)}
    body |= {"assertion": assertion, "pin_signature": None}
    path = f"/requests/{screen.asked.request_id}/approve"
    assert refusal(pin_phone.signed_call, "POST", path, body).code == "bad_signature"
    assert not screen.is_proven


def test_a_passkey_phone_cannot_approve_without_its_passkey(
    person: Person, phone: SoftPhone
) -> None:
    screen = Screen(person)
    (request,) = phone.requests()
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    phone.kind, phone.pin_box = "pin", PinBox("739204", rounds=10)
    body = phone.approval(request, challenge, number=screen.asked.number)
    path = f"/requests/{screen.asked.request_id}/approve"
    assert refusal(phone.signed_call, "POST", path, body).code == "proof_refused"
    assert not screen.is_proven


@pytest.mark.parametrize(
    "changes",
    [
        {"assertion": None},
        {"pin_signature": b64u(bytes(64))},
        {"surprise": 1},
        {"instance_signature": b64u(bytes(63))},
        {"assertion": "text"},
    ],
    ids=str,
)
def test_a_malformed_approval_changes_nothing(
    person: Person, phone: SoftPhone, changes: dict[str, Any]
) -> None:
    screen = Screen(person)
    error = refusal(approve, phone, screen.asked, **changes)
    assert (error.status, error.code) == (400, "invalid_request")
    assert screen.request.state == "number_ok"


def test_a_refusal_needs_the_phones_signature(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    (request,) = phone.requests()
    body = phone.denial(request, "not_me") | {"reason": "changed_mind"}
    path = f"/requests/{screen.asked.request_id}/deny"
    assert refusal(phone.signed_call, "POST", path, body).code == "bad_signature"
    assert screen.request.state == "pending"


def test_a_request_is_refused_once(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    (request,) = phone.requests()
    phone.deny(screen.asked.request_id)
    path = f"/requests/{screen.asked.request_id}/deny"
    again = refusal(phone.signed_call, "POST", path, phone.denial(request, "not_me"))
    assert again.code == "request_over"
    assert screen.request.state == "denied"
