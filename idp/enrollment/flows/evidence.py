"""Evidence of the e-CPS for the audit log, and its verification from the row alone.

Of a PIN key, whatever would let PINs be tried against a phone's data (public key, signatures by or
over it) is encrypted: with it, a million attempts find a code of six digits.
"""

import json
from typing import Any

from idp.audit.rules.statement import Statement
from idp.core import vault
from idp.core.errors import IdpError
from idp.enrollment.gateways.device_keys import InstanceKey, pin_key_verifies
from idp.enrollment.gateways.webauthn import (
    KnownPasskey,
    PasskeyRefusedError,
    RelyingParty,
    public_key_info_of,
    verify_assertion,
)
from idp.enrollment.rules.approval import Decision, approval_challenge
from idp.enrollment.rules.encoding import b64u, from_b64u
from idp.enrollment.rules.passkey_login import passkey_login_challenge
from idp.enrollment.rules.states import DeviceKind
from idp.enrollment.rules.transcript import Transcript, certificate_statement

Evidence = dict[str, Any]
SEALED_PURPOSE = "audit.pin-key"
APPROVAL = "phone"
ENROLMENT = "phone_enrolment"
PASSKEY_LOGIN = "passkey"


def enrolment_evidence(*, transcript: Transcript, instance_signature: bytes) -> Evidence:
    """What shows that this instance key and this credential were enrolled together."""
    private = {
        "credential_public": b64u(transcript.credential_public),
        "instance_signature": b64u(instance_signature),
    }
    is_pin = transcript.credential_id == b""
    return {
        "kind": ENROLMENT,
        "enrolment_id": transcript.enrolment_id,
        "nonce": b64u(transcript.nonce),
        "credential_id": b64u(transcript.credential_id),
        "instance_key": b64u(transcript.instance_public),
        **({"sealed": _seal(private)} if is_pin else private),
    }


def certified_by(evidence: Evidence, *, reference: str, salt: bytes) -> Evidence:
    """The same, with the card login whose signature covers it (`certificate_statement`)."""
    sealed = _seal({"salt": b64u(salt)})
    return {**evidence, "certified": {"reference": reference, "sealed": sealed}}


def approval_evidence(
    *,
    nonce: bytes,
    context: dict[str, str | int],
    decision: Decision,
    instance_key: bytes,
    instance_signature: bytes,
    proof: Evidence | None = None,
) -> Evidence:
    """A decision: the signed context, the keys and the signatures."""
    return {
        "kind": APPROVAL,
        "nonce": b64u(nonce),
        "context": context,
        "decision": str(decision),
        "instance_key": b64u(instance_key),
        "instance_signature": b64u(instance_signature),
        **(proof or {}),
    }


def passkey_proof(*, rp: RelyingParty, known: KnownPasskey, response: dict[str, Any]) -> Evidence:
    """The part of a passkey: the three signed pieces of the assertion, and the stored key."""
    return {
        "device_kind": str(DeviceKind.PASSKEY),
        "rp_id": rp.rp_id,
        "origin": rp.origin,
        "credential_id": b64u(known.credential_id),
        "credential_public": b64u(known.public_key),
        "backup_eligible": known.backup_eligible,
        "assertion": {
            name: response[name] for name in ("authenticatorData", "clientDataJSON", "signature")
        },
    }


def passkey_login_evidence(
    *, nonce: bytes, context: dict[str, str | int], proof: Evidence
) -> Evidence:
    """A login by the passkey alone, in the browser that logged in."""
    return {"kind": PASSKEY_LOGIN, "nonce": b64u(nonce), "context": context, **proof}


def pin_proof(*, public_key: bytes, signature: bytes) -> Evidence:
    """The part of a PIN key, encrypted."""
    return {
        "device_kind": str(DeviceKind.PIN),
        "sealed": _seal({"public_key": b64u(public_key), "signature": b64u(signature)}),
    }


def verify_evidence(evidence: Evidence) -> Statement:
    """Checks a decision again from its evidence alone; `IdpError` when anything does not fit."""
    try:
        _verify_approval(evidence)
        return Statement(
            client_id=str(evidence["context"]["client_id"]), signed_by=evidence["instance_key"]
        )
    except (KeyError, TypeError, ValueError, PasskeyRefusedError) as error:
        raise _refused(f"{type(error).__name__}: {error}") from error


def verify_passkey_login(evidence: Evidence) -> Statement:
    """Checks a login by passkey again from its evidence alone."""
    try:
        challenge = passkey_login_challenge(
            nonce=from_b64u(evidence["nonce"]), context=evidence["context"]
        )
        _verify_passkey(evidence, challenge)
        return Statement(
            client_id=str(evidence["context"]["client_id"]),
            signed_by=_credential_key(from_b64u(evidence["credential_public"])),
        )
    except (KeyError, TypeError, ValueError, PasskeyRefusedError) as error:
        raise _refused(f"{type(error).__name__}: {error}") from error


def _credential_key(cose_key: bytes) -> str:
    """A passkey's public key as an enrolment names it."""
    return b64u(public_key_info_of(cose_key))


def verify_enrolment(evidence: Evidence) -> Statement:
    """Checks an activation again from its evidence alone."""
    try:
        transcript = _verify_enrolment(evidence)
        # A PIN key never signs alone; a passkey may (`verify_passkey_login`).
        passkey = {evidence["credential_public"]} if evidence["credential_id"] else set()
        return Statement(
            introduces=frozenset({evidence["instance_key"], *passkey}),
            certified=_certificate_of(evidence, transcript),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise _refused(f"{type(error).__name__}: {error}") from error


def _verify_approval(evidence: Evidence) -> None:
    decision = Decision(evidence["decision"])
    challenge = approval_challenge(
        nonce=from_b64u(evidence["nonce"]), context=evidence["context"], decision=decision
    )
    instance = InstanceKey.from_point(from_b64u(evidence["instance_key"]))
    signature = from_b64u(evidence["instance_signature"])
    kind = DeviceKind(evidence["device_kind"]) if decision is Decision.APPROVE else None
    signed = challenge
    if kind is DeviceKind.PASSKEY:
        signed += from_b64u(evidence["assertion"]["signature"])
    if not instance.verifies(signed, signature):
        raise _refused("instance signature")
    if kind is DeviceKind.PASSKEY:
        _verify_passkey(evidence, challenge)
    elif kind is DeviceKind.PIN:
        _verify_pin(evidence, challenge + signature)


def _verify_passkey(evidence: Evidence, challenge: bytes) -> None:
    credential_id = evidence["credential_id"]
    verify_assertion(
        {
            "id": credential_id,
            "rawId": credential_id,
            "type": "public-key",
            "response": evidence["assertion"],
        },
        rp=RelyingParty(rp_id=evidence["rp_id"], origin=evidence["origin"]),
        challenge=challenge,
        known=KnownPasskey(
            credential_id=from_b64u(credential_id),
            public_key=from_b64u(evidence["credential_public"]),
            sign_count=0,
            backup_eligible=evidence["backup_eligible"],
        ),
    )


def _verify_pin(evidence: Evidence, message: bytes) -> None:
    private = _unseal(evidence["sealed"])
    if not pin_key_verifies(
        from_b64u(private["public_key"]), message, from_b64u(private["signature"])
    ):
        raise _refused("PIN signature")


def _certificate_of(evidence: Evidence, transcript: bytes) -> str:
    """What a card must have stated of it; `""`: a test identity had no card."""
    if "certified" not in evidence:
        return ""
    salt = from_b64u(_unseal(evidence["certified"]["sealed"])["salt"])
    return certificate_statement(transcript=transcript, salt=salt).hex()


def _verify_enrolment(evidence: Evidence) -> bytes:
    private = _unseal(evidence["sealed"]) if "sealed" in evidence else evidence
    transcript = Transcript(
        enrolment_id=evidence["enrolment_id"],
        nonce=from_b64u(evidence["nonce"]),
        credential_id=from_b64u(evidence["credential_id"]),
        credential_public=from_b64u(private["credential_public"]),
        instance_public=from_b64u(evidence["instance_key"]),
    )
    instance = InstanceKey.from_point(transcript.instance_public)
    digest = transcript.digest()
    if not instance.verifies(digest, from_b64u(private["instance_signature"])):
        raise _refused("instance signature")
    return digest


def _seal(private: dict[str, str]) -> str:
    return vault.seal(json.dumps(private).encode(), purpose=SEALED_PURPOSE).decode()


def _unseal(box: str) -> dict[str, str]:
    value: dict[str, str] = json.loads(vault.unseal(box.encode(), purpose=SEALED_PURPOSE))
    return value


def _refused(detail: str) -> IdpError:
    """Read by operators only."""
    return IdpError("evidence_refused", "The evidence does not match its signature.", detail=detail)
