"""The phone approves: the number first, then the signatures, in one transaction with the login.

Refusals are returned out of the transaction, so that what they cost (a try, the request) is kept.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from idp.core import clock, live, vault
from idp.core.errors import IdpError
from idp.enrollment.flows import evidence, refusals, tokens
from idp.enrollment.flows.devices import require_active
from idp.enrollment.flows.people import (
    device_group,
    holder_of,
    relying_party,
    request_group,
)
from idp.enrollment.flows.phone_keys import PIN_KEY_PURPOSE
from idp.enrollment.gateways import webauthn
from idp.enrollment.gateways.device_keys import InstanceKey, pin_key_verifies
from idp.enrollment.models import ApprovalRequest, Device, PasskeyCredential, PinKey
from idp.enrollment.rules.approval import Decision, approval_challenge
from idp.enrollment.rules.limits import PIN_TRIES
from idp.enrollment.rules.states import (
    OPEN_REQUESTS,
    DeviceKind,
    DeviceState,
    RequestState,
)
from idp.login import flows as login
from idp.login.rules.authentication import Authentication, AuthMode, MethodName
from idp.login.rules.levels import Level
from idp.login.rules.steps import AttemptState

NONCE_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What the phone gets for the right number: what to sign, and over which nonce."""

    nonce: bytes
    context: dict[str, str | int]
    webauthn: dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What the phone signed; nothing of it is verified yet."""

    assertion: dict[str, Any] | None
    pin_signature: bytes | None
    instance_signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Proven:
    """Both keys signed: what goes to the audit log, and how the person was verified."""

    amr: tuple[str, ...]
    evidence: dict[str, Any]


def lock_for_answer(*, device_id: UUID, request_id: UUID) -> tuple[Device, ApprovalRequest]:
    """Both rows, locked in one order everywhere; states as they are now, not as they were read."""
    device = Device.objects.select_for_update().get(pk=device_id)
    require_active(device)
    request = (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("attempt")
        .filter(pk=request_id, holder_id=device.holder_id, is_decoy=False)
        .first()
    )
    if request is None:
        raise refusals.unknown_request()
    now = clock.now()
    is_open = (
        request.state_at(now) in OPEN_REQUESTS
        and request.attempt.state == AttemptState.OPEN
        and now < request.attempt.expires_at
    )
    if not is_open:
        raise refusals.request_over(request.state)
    return device, request


def audited(error: IdpError, *, device: Device, request_id: UUID) -> IdpError:
    """Records a refused answer beside the transaction; the error gets its reference."""
    request = (
        ApprovalRequest.objects.select_related("attempt", "holder")
        .filter(pk=request_id, holder_id=device.holder_id, is_decoy=False)
        .first()
    )
    if request is None or request.holder is None:
        return error
    return login.note_failure(
        attempt=request.attempt,
        error=error,
        method=MethodName.PHONE,
        subject=request.holder.national_id,
        request=str(request.pk),
        device=str(device.pk),
    )


def present_number(*, device: Device, request_id: UUID, number: str) -> Challenge:
    """The number typed on the phone. A wrong one ends the request (facts §7)."""
    try:
        with transaction.atomic():
            outcome = _present(device.pk, request_id, number)
    except IdpError as error:
        outcome = error
    if isinstance(outcome, IdpError):
        raise audited(outcome, device=device, request_id=request_id)
    return outcome


def _present(device_id: UUID, request_id: UUID, number: str) -> Challenge | IdpError:
    device, request = lock_for_answer(device_id=device_id, request_id=request_id)
    if not tokens.is_request_number(request.pk, number):
        _fail(request)
        return refusals.wrong_number()
    nonce = secrets.token_bytes(NONCE_BYTES)
    if not request.move(RequestState.NUMBER_OK, now=clock.now(), device=device, nonce=nonce):
        return refusals.request_over("raced")
    context = request.context(number=number, device_id=device.pk)
    options = None
    if device.kind == DeviceKind.PASSKEY:
        passkey = PasskeyCredential.objects.get(device=device)
        options = webauthn.request_options(
            rp=relying_party(),
            credential_id=bytes(passkey.credential_id),
            challenge=approval_challenge(nonce=nonce, context=context, decision=Decision.APPROVE),
        )
    return Challenge(nonce=nonce, context=context, webauthn=options)


def approve(*, device: Device, request_id: UUID, approval: Approval) -> None:
    """Verifies both signatures and proves the login: all of it, or nothing and the reason."""
    try:
        with transaction.atomic():
            refusal = _approve(device.pk, request_id, approval)
    except IdpError as error:
        refusal = error
    if refusal is not None:
        raise audited(refusal, device=device, request_id=request_id)


def _approve(device_id: UUID, request_id: UUID, approval: Approval) -> IdpError | None:
    device, request = lock_for_answer(device_id=device_id, request_id=request_id)
    if request.nonce is None or request.device_id != device.pk:
        return refusals.challenge_needed()
    outcome = _verify(device, request, approval)
    if isinstance(outcome, IdpError):
        return outcome
    if not request.move(RequestState.APPROVED, now=clock.now(), nonce=None):
        return refusals.request_over("raced")
    Device.objects.filter(pk=device.pk).update(last_used_at=clock.now())
    professional = holder_of(device.holder_id)
    login.prove(
        attempt=request.attempt,
        authentication=Authentication(
            person_id=professional.person_id,
            national_id=professional.national_id,
            method=MethodName.PHONE,
            auth_mode=AuthMode.MOBILE,
            amr=outcome.amr,
            level=Level(settings.HYGIE.phone_level),
            at=clock.now(),
            is_test=professional.is_test,
            evidence=outcome.evidence,
        ),
    )
    live.wake(request_group(request.pk))
    live.wake(device_group(device.holder_id))
    return None


def _verify(device: Device, request: ApprovalRequest, approval: Approval) -> _Proven | IdpError:
    """The instance key first: before it signed, no counter moves and no request ends."""
    nonce = bytes(request.nonce or b"")
    context = request.context(number=tokens.request_number(request.pk), device_id=device.pk)
    challenge = approval_challenge(nonce=nonce, context=context, decision=Decision.APPROVE)
    signed = challenge
    if approval.assertion is not None:
        signed += webauthn.signature_of(approval.assertion)
    instance = InstanceKey.from_point(bytes(device.instance_key))
    if not instance.verifies(signed, approval.instance_signature):
        return refusals.bad_signature()
    if device.kind == DeviceKind.PASSKEY:
        outcome = _verify_passkey(device, request, approval, challenge)
    else:
        outcome = _verify_pin(device, request, approval, challenge)
    if isinstance(outcome, IdpError):
        return outcome
    return _Proven(
        amr=outcome.amr,
        evidence=evidence.approval_evidence(
            nonce=nonce,
            context=context,
            decision=Decision.APPROVE,
            instance_key=instance.point,
            instance_signature=approval.instance_signature,
            proof=outcome.evidence,
        ),
    )


def _verify_passkey(
    device: Device, request: ApprovalRequest, approval: Approval, challenge: bytes
) -> _Proven | IdpError:
    passkey = PasskeyCredential.objects.get(device=device)
    known = webauthn.KnownPasskey(
        credential_id=bytes(passkey.credential_id),
        public_key=bytes(passkey.public_key),
        sign_count=passkey.sign_count,
        backup_eligible=passkey.backup_eligible,
    )
    if approval.assertion is None:
        _fail(request)
        return refusals.proof_refused("no assertion")
    try:
        used = webauthn.verify_assertion(
            approval.assertion, rp=relying_party(), challenge=challenge, known=known
        )
    except webauthn.PasskeyClonedError as error:
        _fail(request)
        device.move(DeviceState.SUSPENDED, end_reason="cloned passkey")
        live.wake(device_group(device.holder_id))
        return refusals.device_suspended(str(error))
    except webauthn.PasskeyRefusedError as error:
        _fail(request)
        return refusals.proof_refused(str(error))
    passkey.sign_count, passkey.backed_up = used.sign_count, used.backed_up
    passkey.save(update_fields=["sign_count", "backed_up"])
    # Facts §6.1: hardware is claimed only for a key that cannot leave it, by a verified chain.
    is_hardware = passkey.attested and not passkey.backup_eligible
    return _Proven(
        amr=("hwk" if is_hardware else "swk", "user", "pop"),
        evidence=evidence.passkey_proof(
            rp=relying_party(), known=known, response=approval.assertion["response"]
        ),
    )


def _verify_pin(
    device: Device, request: ApprovalRequest, approval: Approval, challenge: bytes
) -> _Proven | IdpError:
    """Facts §6.3: a wrong PIN is a signature that does not verify; the server alone counts."""
    pin_key = PinKey.objects.get(device=device)
    public_key = vault.unseal(pin_key.sealed_public_key, purpose=PIN_KEY_PURPOSE)
    signature = approval.pin_signature or b""
    if not pin_key_verifies(public_key, challenge + approval.instance_signature, signature):
        return _count_wrong_pin(device, request, pin_key)
    if pin_key.tries:
        PinKey.objects.filter(pk=pin_key.pk).update(tries=0)
    return _Proven(
        amr=("swk", "pin", "pop"),
        evidence=evidence.pin_proof(public_key=public_key, signature=signature),
    )


def _count_wrong_pin(device: Device, request: ApprovalRequest, pin_key: PinKey) -> IdpError:
    # Under the device's lock: two wrong PINs at once are two tries.
    tries = pin_key.tries + 1
    PinKey.objects.filter(pk=pin_key.pk).update(tries=tries)
    if tries >= PIN_TRIES:
        _fail(request)
        device.move(DeviceState.BLOCKED, ended_at=clock.now(), end_reason="wrong PIN")
        live.wake(device_group(device.holder_id))
        return refusals.device_blocked()
    # The nonce has served: the next try asks for a new one.
    ApprovalRequest.objects.filter(pk=request.pk).update(nonce=None)
    return refusals.wrong_pin(PIN_TRIES - tries)


def _fail(request: ApprovalRequest) -> None:
    request.move(RequestState.FAILED, now=clock.now(), nonce=None)
    live.wake(request_group(request.pk))
    if request.holder_id:
        live.wake(device_group(request.holder_id))
