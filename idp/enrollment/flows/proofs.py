"""The two signatures of an approval: the installation's, then the holder's passkey or PIN key."""

from dataclasses import dataclass
from typing import Any

from idp.core import clock, live, vault
from idp.core.errors import IdpError
from idp.core.prepared import Given, Prepared
from idp.enrollment.flows import evidence, refusals, tokens
from idp.enrollment.flows.answers import end_as_failed
from idp.enrollment.flows.people import device_group, relying_party
from idp.enrollment.flows.phone_keys import PIN_KEY_PURPOSE
from idp.enrollment.gateways import webauthn
from idp.enrollment.gateways.device_keys import InstanceKey, pin_key_verifies
from idp.enrollment.models import ApprovalRequest, Device, PasskeyCredential, PinKey
from idp.enrollment.rules.approval import Decision, approval_challenge
from idp.enrollment.rules.limits import PASSKEY_FAILURES, PIN_TRIES
from idp.enrollment.rules.states import DeviceKind, DeviceState

_PASSKEY = Prepared(
    lambda: PasskeyCredential.objects.filter(device_id=Given("device", Device._meta.pk))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What the phone signed; nothing of it is verified yet."""

    assertion: dict[str, Any] | None
    pin_signature: bytes | None
    instance_signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """Both keys signed: what goes to the audit log, and how the person was verified."""

    amr: tuple[str, ...]
    is_hardware: bool
    evidence: dict[str, Any]


def verify_approval(
    device: Device, request: ApprovalRequest, approval: Approval
) -> Proven | IdpError:
    """The instance key first: before it signed, no counter moves and no request ends."""
    nonce = bytes(request.nonce or b"")
    context = request.context(number=tokens.number_of(request), device_id=device.pk)
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
    return Proven(
        amr=outcome.amr,
        is_hardware=outcome.is_hardware,
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
) -> Proven | IdpError:
    (passkey,) = _PASSKEY.rows(device=device.pk)
    known = webauthn.KnownPasskey(
        credential_id=bytes(passkey.credential_id),
        public_key=bytes(passkey.public_key),
        sign_count=passkey.sign_count,
        backup_eligible=passkey.backup_eligible,
    )
    if approval.assertion is None:
        end_as_failed(request)
        return refusals.proof_refused("no assertion")
    try:
        used = webauthn.verify_assertion(
            approval.assertion, rp=relying_party(), challenge=challenge, known=known
        )
    except webauthn.PasskeyClonedError as error:
        end_as_failed(request)
        device.move(DeviceState.SUSPENDED, end_reason="cloned passkey")
        live.wake(device_group(device.holder_id))
        return refusals.device_suspended(str(error))
    except webauthn.PasskeyRefusedError as error:
        end_as_failed(request)
        return _count_failure(device, passkey, str(error))
    passkey.note_use(sign_count=used.sign_count, backed_up=used.backed_up)
    return Proven(
        amr=("hwk" if passkey.is_hardware else "swk", "user", "pop"),
        is_hardware=passkey.is_hardware,
        evidence=evidence.passkey_proof(
            rp=relying_party(), known=known, response=approval.assertion["response"]
        ),
    )


def _count_failure(device: Device, passkey: PasskeyCredential, detail: str) -> IdpError:
    """The instance key has signed before: nobody else can bring a phone to its suspension."""
    failures = passkey.count_failure(now=clock.now(), window=PASSKEY_FAILURES.window)
    if failures < PASSKEY_FAILURES.limit:
        return refusals.proof_refused(detail)
    device.move(DeviceState.SUSPENDED, end_reason="passkey failures")
    live.wake(device_group(device.holder_id))
    return refusals.device_failing(detail)


def _verify_pin(
    device: Device, request: ApprovalRequest, approval: Approval, challenge: bytes
) -> Proven | IdpError:
    """A wrong PIN is a signature that does not verify; the server alone counts."""
    pin_key = PinKey.objects.get(device=device)
    public_key = vault.unseal(pin_key.sealed_public_key, purpose=PIN_KEY_PURPOSE)
    signature = approval.pin_signature or b""
    if not pin_key_verifies(public_key, challenge + approval.instance_signature, signature):
        return _count_wrong_pin(device, request, pin_key)
    if pin_key.tries:
        PinKey.objects.filter(pk=pin_key.pk).update(tries=0)
    return Proven(
        amr=("swk", "pin", "pop"),
        is_hardware=False,
        evidence=evidence.pin_proof(public_key=public_key, signature=signature),
    )


def _count_wrong_pin(device: Device, request: ApprovalRequest, pin_key: PinKey) -> IdpError:
    # Under the device's lock: two wrong PINs at once are two tries.
    tries = pin_key.tries + 1
    PinKey.objects.filter(pk=pin_key.pk).update(tries=tries)
    if tries >= PIN_TRIES:
        end_as_failed(request)
        device.move(DeviceState.BLOCKED, ended_at=clock.now(), end_reason="wrong PIN")
        live.wake(device_group(device.holder_id))
        return refusals.device_blocked()
    # The nonce has served: the next try asks for a new one.
    ApprovalRequest.objects.filter(pk=request.pk).update(nonce=None)
    return refusals.wrong_pin(PIN_TRIES - tries)
