"""A passkey that fails again and again: after ten times in an hour its phone is suspended."""

from datetime import timedelta

from django.test import Client

from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import Device, PasskeyCredential
from idp.enrollment.rules.encoding import b64u
from tests.emulators.phones import SoftPhone
from tests.mobileapi.screen import Screen, approve, refusal


def fail(person: Person, phone: SoftPhone) -> str:
    """One approval without the person's finger."""
    phone.passkey.user_verified = False
    phone.fetch_nonce()
    screen = Screen(person)
    return refusal(approve, phone, screen.asked).code


def state_of(phone: SoftPhone) -> str:
    return Device.objects.get(pk=phone.device_id).state


def counted(phone: SoftPhone, failures: int) -> None:
    PasskeyCredential.objects.filter(device_id=phone.device_id).update(
        failures=failures, failing_since=clock.now()
    )


def test_failures_are_counted(person: Person, phone: SoftPhone) -> None:
    assert [fail(person, phone), fail(person, phone)] == ["proof_refused"] * 2
    assert PasskeyCredential.objects.get(device_id=phone.device_id).failures == 2


def test_the_tenth_in_an_hour_suspends_the_phone(person: Person, phone: SoftPhone) -> None:
    counted(phone, 8)
    assert fail(person, phone) == "proof_refused"
    assert state_of(phone) == "active"
    assert fail(person, phone) == "device_suspended"
    assert state_of(phone) == "suspended"
    assert phone.me()["state"] == "suspended"


def test_an_hour_later_the_count_begins_anew(person: Person, phone: SoftPhone) -> None:
    counted(phone, 9)
    with clock.frozen(clock.now() + timedelta(hours=1, seconds=1)):
        assert fail(person, phone) == "proof_refused"
    assert PasskeyCredential.objects.get(device_id=phone.device_id).failures == 1
    assert state_of(phone) == "active"


def test_a_strangers_signature_moves_no_counter(person: Person, phone: SoftPhone) -> None:
    screen = Screen(person)
    (request,) = phone.requests()
    challenge = phone.challenge(screen.asked.request_id, number=screen.asked.number)
    body = phone.approval(request, challenge, number=screen.asked.number)
    # Well formed, by another key.
    body["instance_signature"] = b64u(SoftPhone(Client()).instance.sign(b"anything"))
    path = f"/requests/{screen.asked.request_id}/approve"
    assert refusal(phone.signed_call, "POST", path, body).code == "bad_signature"
    assert PasskeyCredential.objects.get(device_id=phone.device_id).failures == 0
