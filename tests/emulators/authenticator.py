"""A passkey in software: makes and uses an ES256 credential; each test bends one thing of it."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.enrollment.rules.encoding import b64u, from_b64u

AAGUID = bytes.fromhex("01020304050607080102030405060708")
USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40
BACKUP_ELIGIBLE, BACKED_UP = 0x08, 0x10


@dataclass(kw_only=True)
class SoftAuthenticator:
    """What may be bent: origin, foreign frame, user verification, backup flags, counter, key."""

    origin: str
    cross_origin: bool = False
    top_origin: str = ""
    user_verified: bool = True
    backup_eligible: bool = True
    counts: bool = True
    sign_count: int = 0
    curve: ec.EllipticCurve = field(default_factory=ec.SECP256R1)
    self_attestation: bool = False
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(init=False)

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(self.curve)

    @property
    def public_key_info(self) -> bytes:
        """What the browser's `getPublicKey()` gives."""
        return self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def _cose_key(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        size = (self.curve.key_size + 7) // 8
        is_p256 = isinstance(self.curve, ec.SECP256R1)
        return cbor2.dumps(
            {
                1: 2,
                3: -7 if is_p256 else -35,
                -1: 1 if is_p256 else 2,
                -2: numbers.x.to_bytes(size, "big"),
                -3: numbers.y.to_bytes(size, "big"),
            }
        )

    def _flags(self, extra: int = 0) -> int:
        verified = USER_VERIFIED if self.user_verified else 0
        backup = BACKUP_ELIGIBLE | BACKED_UP if self.backup_eligible else 0
        return USER_PRESENT | verified | backup | extra

    def _authenticator_data(self, rp_id: str, flags: int, tail: bytes = b"") -> bytes:
        if self.counts:
            self.sign_count += 1
        count = (self.sign_count if self.counts else 0).to_bytes(4, "big")
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count + tail

    def _client_data(self, kind: str, challenge: str) -> bytes:
        data: dict[str, Any] = {
            "type": kind,
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        }
        if self.top_origin:
            data["topOrigin"] = self.top_origin
        return json.dumps(data).encode()

    def create(self, options: dict[str, Any]) -> dict[str, Any]:
        """`navigator.credentials.create()` → RegistrationResponseJSON."""
        attested = (
            AAGUID + len(self.credential_id).to_bytes(2, "big") + self.credential_id
        ) + self._cose_key()
        data = self._authenticator_data(options["rp"]["id"], self._flags(ATTESTED), attested)
        client_data = self._client_data("webauthn.create", options["challenge"])
        statement: dict[str, Any] = {}
        if self.self_attestation:
            signed = data + hashlib.sha256(client_data).digest()
            statement = {"alg": -7, "sig": self.key.sign(signed, ec.ECDSA(SHA256()))}
        attestation = {
            "fmt": "packed" if self.self_attestation else "none",
            "attStmt": statement,
            "authData": data,
        }
        response = {
            "clientDataJSON": b64u(client_data),
            "attestationObject": b64u(cbor2.dumps(attestation)),
            "transports": ["internal", "hybrid", "made-up"],
        }
        return self._credential(response)

    def get(self, options: dict[str, Any], *, challenge: bytes | None = None) -> dict[str, Any]:
        """`navigator.credentials.get()` → AuthenticationResponseJSON."""
        text = b64u(challenge) if challenge is not None else options["challenge"]
        data = self._authenticator_data(options["rpId"], self._flags())
        client_data = self._client_data("webauthn.get", text)
        signed = data + hashlib.sha256(client_data).digest()
        response = {
            "clientDataJSON": b64u(client_data),
            "authenticatorData": b64u(data),
            "signature": b64u(self.key.sign(signed, ec.ECDSA(SHA256()))),
            "userHandle": None,
        }
        return self._credential(response)

    def _credential(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": b64u(self.credential_id),
            "rawId": b64u(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }


def signature_of(assertion: dict[str, Any]) -> bytes:
    """The raw signature that the instance key signs along."""
    return from_b64u(assertion["response"]["signature"])
