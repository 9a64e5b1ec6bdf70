"""Activation on the workstation: begun by a fresh card, confirmed by the phone's six digits."""

import hmac
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from idp.audit.flows import Outcome, record
from idp.core import clock, live, locks, vault
from idp.core.errors import IdpError
from idp.enrollment.flows import refusals, tokens
from idp.enrollment.flows.people import (
    device_group,
    enrolment_group,
    require_fresh_card,
)
from idp.enrollment.flows.push import ring
from idp.enrollment.models import Device, Enrolment
from idp.enrollment.rules.device_life import NOTICED_FOR
from idp.enrollment.rules.limits import MAX_ACTIVE_DEVICES
from idp.enrollment.rules.push import PushKind
from idp.enrollment.rules.states import (
    OPEN_ENROLMENTS,
    DeviceKind,
    DeviceState,
    EnrolmentState,
)
from idp.enrollment.rules.transcript import FINGERPRINT_DIGITS, fingerprint
from idp.login.models import SsoSession
from idp.login.rules.authentication import MethodName

PROOF_PURPOSE = "enrolment.proof"


def start(*, session: SsoSession) -> Enrolment:
    """Begins an activation; one that the holder left open ends."""
    require_fresh_card(session)
    now = clock.now()
    with transaction.atomic():
        end_open_enrolments(person_id=session.person_id, reason="replaced")
        enrolment_id = uuid4()
        return Enrolment.objects.create(
            id=enrolment_id,
            holder_id=session.person_id,
            session_id=session.pk,
            code_digest=tokens.code_digest(tokens.typed_code(enrolment_id)),
            created_at=now,
            expires_at=now + settings.HYGIE.lifetimes.enrolment_code,
        )


def end_open_enrolments(*, person_id: UUID, reason: str, card: int | None = None) -> None:
    """What the holder left half done; with `card`, where a login by that card began it.

    In the caller's transaction, which holds the holder.
    """
    lock_holder(person_id)
    left = Enrolment.objects.filter(holder_id=person_id, state__in=sorted(OPEN_ENROLMENTS))
    if card is not None:
        begun = SsoSession.objects.filter(Q(card=card) | Q(earlier__card=card))
        left = left.filter(session_id__in=begun.values("pk"))
    for enrolment in left:
        _end(enrolment, reason=reason)


def enrolment_of(*, enrolment_id: UUID, session: SsoSession | None) -> Enrolment:
    """The activation, for the very session that began it; else one same answer."""
    enrolment = Enrolment.objects.select_related("device").filter(pk=enrolment_id).first()
    if enrolment is None or session is None or enrolment.session_id != session.pk:
        raise refusals.enrolment_over("not of this session")
    return enrolment


@transaction.atomic
def cancel(*, enrolment: Enrolment, session: SsoSession) -> None:
    """The person stops; nothing half-enrolled stays."""
    if _end(enrolment, reason="cancelled"):
        _audit(enrolment, session, code="cancelled")


def confirm(*, enrolment: Enrolment, session: SsoSession, typed: str) -> EnrolmentState:
    """Takes the digits that the phone shows; wrong ones end the activation.

    What follows is `COMPARED`: the card signs (`flows.certification`). A test identity has none,
    and its phone is `ACTIVE` at once.
    """
    digits = "".join(typed.split())
    if len(digits) != FINGERPRINT_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise refusals.fingerprint_malformed()
    with transaction.atomic():
        outcome = _confirm(enrolment.pk, session, digits)
    if isinstance(outcome, IdpError):
        # Beside the transaction, so that the row stays whatever happens to the page.
        outcome.reference = _audit(enrolment, session, code=outcome.code)
        raise outcome
    return outcome


def _confirm(enrolment_id: UUID, session: SsoSession, digits: str) -> EnrolmentState | IdpError:
    """Decides under the holder's lock; a refusal is returned, so that what it ended is kept."""
    lock_holder(session.person_id)
    now = clock.now()
    enrolment = Enrolment.objects.select_related("device").get(pk=enrolment_id)
    device = enrolment.device
    if (
        device is None
        or enrolment.sealed_proof is None
        or enrolment.state_at(now) is not EnrolmentState.KEYS_RECEIVED
    ):
        return refusals.enrolment_over(enrolment.state)
    proof = open_proof(enrolment.sealed_proof)
    if not hmac.compare_digest(fingerprint(proof.transcript), digits):
        _end(enrolment, reason="wrong_fingerprint")
        return refusals.wrong_fingerprint()
    if refusal := no_room_for(device):
        return refusal
    if not has_no_card(session):
        moved = enrolment.move(EnrolmentState.COMPARED, now=now)
        return EnrolmentState.COMPARED if moved else refusals.enrolment_over("raced")
    if not enrolment.move(EnrolmentState.ACTIVE, now=now, sealed_proof=None):
        return refusals.enrolment_over("raced")
    activate(device, enrolment, session, proof.evidence)
    return EnrolmentState.ACTIVE


def no_room_for(device: Device) -> IdpError | None:
    """Under the holder's lock: as many phones as may be are active."""
    active = Device.objects.filter(
        holder_id=device.holder_id, state=DeviceState.ACTIVE, valid_until__gt=clock.now()
    )
    return refusals.too_many_devices() if active.count() >= MAX_ACTIVE_DEVICES else None


def has_no_card(session: SsoSession) -> bool:
    """A test identity that stands for a card login: in the sandbox alone."""
    return settings.HYGIE.is_sandbox and session.method == MethodName.TEST


def activate(
    device: Device, enrolment: Enrolment, session: SsoSession, evidence: dict[str, Any]
) -> None:
    """The last step, in the caller's transaction: audited, and told to the holder's phones."""
    now = clock.now()
    lifetimes = settings.HYGIE.lifetimes
    life = lifetimes.pin_key_device if device.kind == DeviceKind.PIN else lifetimes.device
    row = record(
        event="device_activated",
        outcome=Outcome.ACCEPTED,
        subject=session.national_id,
        is_test=session.is_test,
        data={**_facts(device), "enrolment": str(enrolment.pk), "session": str(session.pk)},
        evidence=evidence,
    )
    device.move(
        DeviceState.ACTIVE,
        activated_at=now,
        valid_until=now + life,
        enrolled_reference=row.reference,
        card=session.card_id,
    )
    device.valid_until = now + life
    ring(
        person_id=session.person_id,
        kind=PushKind.NEW_DEVICE,
        reference=device.pk,
        until=now + NOTICED_FOR,
        but=device.pk,
    )
    live.wake(enrolment_group(enrolment.pk), device_group(session.person_id))


def _facts(device: Device) -> dict[str, str]:
    return {
        "device": str(device.pk),
        "kind": device.kind,
        "label": device.label,
        "instance_thumbprint": device.instance_thumbprint,
    }


def _end(enrolment: Enrolment, *, reason: str) -> bool:
    if not enrolment.move(
        EnrolmentState.CANCELLED,
        now=clock.now(),
        end_reason=reason,
        sealed_proof=None,
        sealed_salt=None,
    ):
        return False
    if enrolment.device is not None:
        enrolment.device.move(DeviceState.REVOKED, ended_at=clock.now(), end_reason=reason)
    live.wake(enrolment_group(enrolment.pk), device_group(enrolment.holder_id))
    return True


def _audit(enrolment: Enrolment, session: SsoSession, *, code: str) -> str:
    row = record(
        event="enrolment",
        outcome=Outcome.REFUSED,
        subject=session.national_id,
        is_test=session.is_test,
        data={"enrolment": str(enrolment.pk), "code": code},
    )
    return row.reference


def lock_holder(person_id: UUID) -> None:
    """One activation decision at a time for one person: the limit of devices depends on it."""
    # Not their row: an import may hold it for minutes, and an access ends at once all the same.
    locks.hold(person_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentProof:
    """What waits, encrypted, for the confirmation: T and the evidence for the audit log."""

    transcript: bytes
    evidence: dict[str, Any]


def seal_proof(*, transcript: bytes, evidence: dict[str, Any]) -> bytes:
    text = json.dumps({"transcript": transcript.hex(), "evidence": evidence})
    return vault.seal(text.encode(), purpose=PROOF_PURPOSE)


def open_proof(box: bytes | memoryview) -> EnrolmentProof:
    value = json.loads(vault.unseal(box, purpose=PROOF_PURPOSE))
    return EnrolmentProof(transcript=bytes.fromhex(value["transcript"]), evidence=value["evidence"])
