"""Enrolment: what the phone's keys sign, and the six digits both screens compare."""

import hashlib
from dataclasses import dataclass

from idp.enrollment.rules.encoding import with_length

CHALLENGE_TAG = b"ecps-enrol-challenge-v1\0"
TRANSCRIPT_TAG = b"ecps-enrol-v1\0"
FINGERPRINT_TAG = b"ecps-fingerprint-v1\0"
CERTIFICATE_TAG = b"ecps-certificate-v1\0"
FINGERPRINT_DIGITS = 6


def enrolment_challenge(*, enrolment_id: str, nonce: bytes) -> bytes:
    """The WebAuthn challenge of the passkey's creation, 32 bytes."""
    return hashlib.sha256(CHALLENGE_TAG + enrolment_id.encode() + nonce).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """All that both sides saw of an enrolment.

    `credential_public`: SubjectPublicKeyInfo (DER) of a passkey, or the 32 bytes of a PIN key,
    whose `credential_id` is empty. `instance_public`: uncompressed P-256 point, 65 bytes.
    """

    enrolment_id: str
    nonce: bytes
    credential_id: bytes
    credential_public: bytes
    instance_public: bytes

    def digest(self) -> bytes:
        """T, 32 bytes: what the instance key signs."""
        parts = (
            self.enrolment_id.encode(),
            self.nonce,
            self.credential_id,
            self.credential_public,
            self.instance_public,
        )
        return hashlib.sha256(TRANSCRIPT_TAG + b"".join(map(with_length, parts))).digest()


def fingerprint(transcript: bytes) -> str:
    """The six digits that phone and server each compute from T; they never travel."""
    head = hashlib.sha256(FINGERPRINT_TAG + transcript).digest()[:8]
    return f"{int.from_bytes(head, 'big') % 10**FINGERPRINT_DIGITS:0{FINGERPRINT_DIGITS}}"


def certificate_statement(*, transcript: bytes, salt: bytes) -> bytes:
    """What the card signs of T, 32 bytes: a commitment to it, not T itself.

    T would let the PINs of a stolen phone be tried; the salt stays with the evidence, encrypted.
    """
    return hashlib.sha256(CERTIFICATE_TAG + salt + transcript).digest()
