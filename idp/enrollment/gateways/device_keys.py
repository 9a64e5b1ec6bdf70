"""Device keys (P-256, Ed25519) through `cryptography`: strict parsing, verification."""

import json
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.enrollment.rules.encoding import b64u, from_b64u

COORDINATE = 32
_OPTIONAL_MEMBERS = {"alg", "use", "kid", "ext", "key_ops"}


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """A P-256 public key that lies on the curve. Made by `from_jwk` or `from_point`."""

    key: ec.EllipticCurvePublicKey

    @classmethod
    def from_jwk(cls, jwk: dict[str, Any]) -> Self:
        """RFC 7518 §6.2.1. ValueError for another type or curve, or for a private key."""
        return cls.from_point(point_of(jwk))

    @classmethod
    def from_point(cls, point: bytes) -> Self:
        """From an uncompressed point; one that is not on the curve is refused."""
        return cls(_on_curve(point))

    @property
    def point(self) -> bytes:
        return self.key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def jwk(self) -> dict[str, str]:
        x, y = self.point[1 : 1 + COORDINATE], self.point[1 + COORDINATE :]
        return {"kty": "EC", "crv": "P-256", "x": b64u(x), "y": b64u(y)}

    @property
    def thumbprint(self) -> str:
        """RFC 7638."""
        members = json.dumps(self.jwk, sort_keys=True, separators=(",", ":"))
        return b64u(sha256(members.encode()).digest())

    def verifies(self, message: bytes, signature: bytes) -> bool:
        """ES256 with the raw signature r ‖ s, as WebCrypto makes it (RFC 7518 §3.4)."""
        if len(signature) != 2 * COORDINATE:
            return False
        r = int.from_bytes(signature[:COORDINATE], "big")
        s = int.from_bytes(signature[COORDINATE:], "big")
        try:
            self.key.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True


def point_of(jwk: dict[str, Any]) -> bytes:
    """The point that a JWK names, on the curve or not; ValueError as `InstanceKey.from_jwk`."""
    if set(jwk) - _OPTIONAL_MEMBERS != {"kty", "crv", "x", "y"}:
        raise ValueError("members of the key")
    if jwk["kty"] != "EC" or jwk["crv"] != "P-256" or jwk.get("alg", "ES256") != "ES256":
        raise ValueError("not a P-256 key")
    x, y = from_b64u(str(jwk["x"])), from_b64u(str(jwk["y"]))
    if len(x) != COORDINATE or len(y) != COORDINATE:
        raise ValueError("coordinates")
    return b"\x04" + x + y


# Public keys only; a phone shows its own at each of the calls of a login.
@lru_cache(maxsize=1024)
def _on_curve(point: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def is_ed25519_key(public_key: bytes) -> bool:
    """32 bytes that the library takes for a public key, and not the all-zero point."""
    if len(public_key) != COORDINATE or not any(public_key):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError:
        return False
    return True


def pin_key_verifies(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Ed25519 (RFC 8032)."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
