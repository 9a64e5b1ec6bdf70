"""Evidence: enough to check a decision again from the row alone; one bit altered is refused."""

import copy
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.enrollment.flows.evidence import verify_enrolment, verify_evidence
from idp.enrollment.rules.encoding import b64u, from_b64u
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation

Evidence = dict[str, Any]
Change = Callable[[Evidence], None]


def login_evidence(person: Person, phone: SoftPhone) -> Evidence:
    asked = Workstation().ask_phone(person.national_id)
    phone.approve(asked.request_id, number=asked.number)
    evidence: Evidence = AuditRow.objects.get(evidence__kind="phone").evidence or {}
    return evidence


def set_in(*path: str, value: Any) -> Change:
    def change(evidence: Evidence) -> None:
        inner = evidence
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value

    return change


def flip(*path: str) -> Change:
    """One bit of a base64url member."""

    def change(evidence: Evidence) -> None:
        inner = evidence
        for name in path[:-1]:
            inner = inner[name]
        data = bytearray(from_b64u(inner[path[-1]]))
        data[len(data) // 2] ^= 1
        inner[path[-1]] = b64u(bytes(data))

    return change


def drop(name: str) -> Change:
    return lambda evidence: evidence.__delitem__(name)


COMMON: list[Change] = [
    set_in("context", "rp_name", value="Autre"),
    set_in("context", "device_id", value="0"),
    # Three digits: the drawn number has two, so that this is a change every time.
    set_in("context", "number", value="111"),
    set_in("decision", value="deny:not_me"),
    set_in("decision", value="perhaps"),
    set_in("device_kind", value="other"),
    flip("nonce"),
    flip("instance_key"),
    flip("instance_signature"),
    drop("context"),
    drop("instance_signature"),
]
PASSKEY: list[Change] = [
    *COMMON,
    flip("assertion", "signature"),
    flip("assertion", "authenticatorData"),
    flip("assertion", "clientDataJSON"),
    flip("credential_public"),
    set_in("rp_id", value="evil.example"),
    set_in("origin", value="https://evil.example"),
    set_in("device_kind", value="pin"),
    drop("assertion"),
]
PIN: list[Change] = [*COMMON, set_in("sealed", value="AAAA"), drop("sealed")]


def altered(evidence: Evidence, change: Change) -> Evidence:
    copied = copy.deepcopy(evidence)
    change(copied)
    return copied


def assert_refused(verify: Callable[[Evidence], object], evidence: Evidence) -> None:
    with pytest.raises(IdpError):
        verify(evidence)


def test_an_altered_login_by_passkey_is_refused(person: Person, phone: SoftPhone) -> None:
    evidence = login_evidence(person, phone)
    verify_evidence(evidence)
    for change in PASSKEY:
        assert_refused(verify_evidence, altered(evidence, change))


def test_an_altered_login_by_pin_is_refused(person: Person, pin_phone: SoftPhone) -> None:
    evidence = login_evidence(person, pin_phone)
    verify_evidence(evidence)
    for change in PIN:
        assert_refused(verify_evidence, altered(evidence, change))


def test_an_altered_refusal_is_refused(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    phone.deny(asked.request_id, reason="not_me")
    evidence = AuditRow.objects.get(event="phone_denied").evidence or {}
    verify_evidence(evidence)
    for change in (
        set_in("decision", value="approve"),
        set_in("decision", value="deny:changed_mind"),
        flip("instance_signature"),
        set_in("context", "iat", value=0),
    ):
        assert_refused(verify_evidence, altered(evidence, change))


def test_the_login_of_a_phone_under_another_name_is_found(person: Person, phone: SoftPhone) -> None:
    login_evidence(person, phone)
    assert verify().first_bad is None
    AuditRow.objects.filter(evidence__kind="phone").update(subject="899900000029")
    assert "not activated for this person" in (verify().first_bad or "")


def test_the_login_of_a_phone_to_another_portal_is_found(person: Person, phone: SoftPhone) -> None:
    login_evidence(person, phone)
    AuditRow.objects.filter(evidence__kind="phone").update(client_id="elsewhere")
    assert "another portal" in (verify().first_bad or "")


def test_an_approval_that_was_copied_is_found(person: Person, phone: SoftPhone) -> None:
    login_evidence(person, phone)
    row = AuditRow.objects.get(evidence__kind="phone")
    row.pk, row.uid = None, uuid4()
    row.save(force_insert=True)
    assert "used again" in (verify().first_bad or "")


@pytest.mark.parametrize("kind", ["phone", "pin_phone"])
def test_an_altered_activation_is_refused(kind: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(kind)
    evidence = AuditRow.objects.get(event="device_activated").evidence or {}
    verify_enrolment(evidence)
    for change in (
        set_in("enrolment_id", value="0"),
        set_in("credential_id", value="AAAA"),
        flip("nonce"),
        flip("instance_key"),
        drop("instance_key"),
    ):
        assert_refused(verify_enrolment, altered(evidence, change))


def test_the_log_holds_nothing_to_try_pins_against(person: Person, pin_phone: SoftPhone) -> None:
    login_evidence(person, pin_phone)
    assert pin_phone.pin_box is not None
    text = json.dumps([row.content() for row in AuditRow.objects.all()])
    assert b64u(pin_phone.pin_box.public_key) not in text
    for row in AuditRow.objects.filter(evidence__isnull=False):
        private = {"credential_public", "pin_signature", "public_key", "transcript"}
        assert not private & set(row.evidence or {})
