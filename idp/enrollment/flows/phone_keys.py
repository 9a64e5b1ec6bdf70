"""Activation on the phone: claims the code once, then hands in its keys with their signature."""

import secrets as stdlib_secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, live, secrets, throttle, vault
from idp.core.errors import IdpError
from idp.directory.rules.professional import Professional
from idp.enrollment.flows import refusals, tokens
from idp.enrollment.flows.activation import seal_proof
from idp.enrollment.flows.evidence import enrolment_evidence
from idp.enrollment.flows.people import enrolment_group, holder_of, relying_party
from idp.enrollment.gateways import webauthn
from idp.enrollment.gateways.device_keys import InstanceKey, is_ed25519_key
from idp.enrollment.models import Device, Enrolment, PasskeyCredential, PinKey
from idp.enrollment.rules.codes import normalised_code
from idp.enrollment.rules.limits import CLAIMS, KEY_SUBMISSIONS, TYPED_CODE_TRIES
from idp.enrollment.rules.people import clean_label, masked_name
from idp.enrollment.rules.states import DeviceKind, DeviceState, EnrolmentState
from idp.enrollment.rules.transcript import Transcript, enrolment_challenge

NONCE_BYTES = 32
PIN_KEY_PURPOSE = "pin-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What the phone gets for a right code: enough to ask « is it you? » and to make its keys."""

    enrolment_id: UUID
    claim_secret: str
    holder: str
    nonce: bytes
    webauthn: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedKeys:
    """What the phone hands in; nothing of it is verified yet."""

    label: str
    instance_jwk: dict[str, Any]
    passkey: dict[str, Any] | None
    pin_public_key: bytes | None
    instance_signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _VerifiedKeys:
    instance: InstanceKey
    passkey: webauthn.NewPasskey | None
    pin_public_key: bytes
    transcript: Transcript


def claim(*, token: str, code: str, network: str) -> Claimed:
    """Takes the activation for this phone: by scanned token or typed code, once."""
    enrolment = _find(token=token, code=code, network=network)
    professional = holder_of(enrolment.holder_id)
    claim_secret, nonce = secrets.new_token(), stdlib_secrets.token_bytes(NONCE_BYTES)
    with transaction.atomic():
        taken = enrolment.move(
            EnrolmentState.CLAIMED,
            now=clock.now(),
            claim_digest=secrets.digest(claim_secret),
            nonce=nonce,
        )
        live.wake(enrolment_group(enrolment.pk))
    if not taken:
        raise _audited(refusals.already_claimed(), enrolment)
    masked = masked_name(given_names=professional.given_names, family_name=professional.family_name)
    return Claimed(
        enrolment_id=enrolment.pk,
        claim_secret=claim_secret,
        holder=masked,
        nonce=nonce,
        webauthn=_creation_options(enrolment, professional, masked, nonce),
    )


def _find(*, token: str, code: str, network: str) -> Enrolment:
    if code:
        throttle.hit(
            "typed_code", network, limit=TYPED_CODE_TRIES.limit, window=TYPED_CODE_TRIES.window
        )
        digest = tokens.code_digest(normalised_code(code))
        enrolment = Enrolment.objects.filter(code_digest=digest).first()
    else:
        throttle.hit("claim", network, limit=CLAIMS.limit, window=CLAIMS.window)
        scanned = tokens.read_qr_token(token)
        enrolment = Enrolment.objects.filter(pk=scanned).first() if scanned else None
    if enrolment is None:
        raise _audited(refusals.enrolment_over("unknown code" if code else "token"), None)
    if enrolment.state_at(clock.now()) in {EnrolmentState.CANCELLED, EnrolmentState.EXPIRED}:
        raise _audited(refusals.enrolment_over("over"), enrolment)
    if code:
        # A hospital behind one address activates many phones; only guesses must be few.
        throttle.forgive("typed_code", network)
    return enrolment


def _creation_options(
    enrolment: Enrolment, professional: Professional, masked: str, nonce: bytes
) -> dict[str, Any]:
    known = PasskeyCredential.objects.filter(
        device__holder_id=enrolment.holder_id, device__state=DeviceState.ACTIVE
    )
    return webauthn.creation_options(
        rp=relying_party(),
        # Opaque, the same for all of one holder's phones (WebAuthn §14.6.1: no personal data).
        user_id=professional.person_id.bytes,
        # Masked: whoever photographed the code must not learn the name from the system's dialogue.
        user_name=f"e-CPS {masked}",
        challenge=enrolment_challenge(enrolment_id=str(enrolment.pk), nonce=nonce),
        exclude=[bytes(one) for one in known.values_list("credential_id", flat=True)],
    )


def receive_keys(
    *, enrolment_id: UUID, claim_secret: str, keys: SubmittedKeys, network: str
) -> Device:
    """Verifies and stores the keys as a pending device; the PC is asked for the six digits."""
    # By network too: whoever invents activations must not fill the audit log with refusals.
    throttle.hit("keys_from", network, limit=CLAIMS.limit, window=CLAIMS.window)
    throttle.hit(
        "keys", str(enrolment_id), limit=KEY_SUBMISSIONS.limit, window=KEY_SUBMISSIONS.window
    )
    enrolment = Enrolment.objects.filter(pk=enrolment_id).first()
    # An unclaimed activation is compared all the same, with nothing.
    digest = (enrolment.claim_digest if enrolment else None) or b""
    if not secrets.matches(claim_secret, digest) or enrolment is None:
        raise _audited(refusals.enrolment_over("claim secret"), enrolment)
    if enrolment.state_at(clock.now()) is not EnrolmentState.CLAIMED or enrolment.nonce is None:
        raise _audited(refusals.enrolment_over(enrolment.state), enrolment)
    try:
        verified = _verify(enrolment, bytes(enrolment.nonce), keys)
        with transaction.atomic():
            return _store(enrolment, clean_label(keys.label), verified, keys.instance_signature)
    except IntegrityError as error:
        raise _audited(refusals.key_reused(), enrolment) from error
    except IdpError as error:
        _audited(error, enrolment)
        raise


def _verify(enrolment: Enrolment, nonce: bytes, keys: SubmittedKeys) -> _VerifiedKeys:
    """Instance key, the holder's own key, then the signature over both: in this order."""
    try:
        instance = InstanceKey.from_jwk(keys.instance_jwk)
    except ValueError as error:
        raise refusals.keys_refused(f"instance key: {error}") from error
    passkey, pin_public_key = None, keys.pin_public_key or b""
    if keys.passkey is not None:
        passkey = _verify_passkey(enrolment, nonce, keys.passkey)
    elif not is_ed25519_key(pin_public_key):
        raise refusals.keys_refused("PIN key")
    transcript = Transcript(
        enrolment_id=str(enrolment.pk),
        nonce=nonce,
        credential_id=passkey.credential_id if passkey else b"",
        credential_public=passkey.public_key_info if passkey else pin_public_key,
        instance_public=instance.point,
    )
    if not instance.verifies(transcript.digest(), keys.instance_signature):
        raise refusals.keys_refused("signature of the transcript")
    return _VerifiedKeys(
        instance=instance, passkey=passkey, pin_public_key=pin_public_key, transcript=transcript
    )


def _verify_passkey(
    enrolment: Enrolment, nonce: bytes, credential: dict[str, Any]
) -> webauthn.NewPasskey:
    try:
        return webauthn.verify_registration(
            credential,
            rp=relying_party(),
            challenge=enrolment_challenge(enrolment_id=str(enrolment.pk), nonce=nonce),
        )
    except webauthn.PasskeyRefusedError as error:
        raise refusals.keys_refused(str(error)) from error


def _store(enrolment: Enrolment, label: str, keys: _VerifiedKeys, signature: bytes) -> Device:
    now = clock.now()
    device = Device.objects.create(
        holder_id=enrolment.holder_id,
        label=label,
        kind=DeviceKind.PASSKEY if keys.passkey else DeviceKind.PIN,
        instance_key=keys.instance.point,
        instance_thumbprint=keys.instance.thumbprint,
        created_at=now,
        valid_until=enrolment.expires_at,
    )
    if keys.passkey:
        _store_passkey(device, keys.passkey)
    else:
        PinKey.objects.create(
            device=device,
            sealed_public_key=vault.seal(keys.pin_public_key, purpose=PIN_KEY_PURPOSE),
        )
    evidence = enrolment_evidence(transcript=keys.transcript, instance_signature=signature)
    box = seal_proof(transcript=keys.transcript.digest(), evidence=evidence)
    if not enrolment.move(EnrolmentState.KEYS_RECEIVED, now=now, device=device, sealed_proof=box):
        raise refusals.enrolment_over("raced")
    live.wake(enrolment_group(enrolment.pk))
    return device


def _store_passkey(device: Device, passkey: webauthn.NewPasskey) -> None:
    PasskeyCredential.objects.create(
        device=device,
        credential_id=passkey.credential_id,
        public_key=passkey.public_key,
        sign_count=passkey.sign_count,
        aaguid=passkey.aaguid,
        attestation_format=passkey.attestation_format,
        attested=passkey.attested,
        backup_eligible=passkey.backup_eligible,
        backed_up=passkey.backed_up,
        transports=passkey.transports,
    )


def _audited(error: IdpError, enrolment: Enrolment | None) -> IdpError:
    """Records the refusal outside any transaction and gives the error its reference."""
    row = record(
        event="enrolment",
        outcome=Outcome.REFUSED,
        subject=enrolment.holder.national_id if enrolment else "",
        is_test=enrolment.holder.is_test if enrolment else False,
        data={
            "enrolment": str(enrolment.pk) if enrolment else "",
            "code": error.code,
            "detail": error.detail,
        },
    )
    error.reference = row.reference
    return error
