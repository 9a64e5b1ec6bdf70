"""A card of the sandbox tray without reader and bridge: signs a challenge as a bridge would.

make_token(data_dir / "sandbox/cards/doctor", origin, challenge) -> token (a dict for JSON)
"""

import base64
import hashlib
from pathlib import Path
from typing import TypedDict

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


class Token(TypedDict):
    """`web-eid:1.0`."""

    format: str
    unverifiedCertificate: str
    algorithm: str
    signature: str
    appVersion: str


def make_token(card_dir: Path, origin: str, challenge: str, *, use: str = "auth") -> Token:
    """The answer of the card in this folder; `use="sign"` misuses its signature key."""
    certificate = x509.load_pem_x509_certificate((card_dir / f"{use}.crt").read_bytes())
    key = load_pem_private_key((card_dir / f"{use}.key").read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return sign_token(certificate, key, origin, challenge)


def sign_token(
    certificate: x509.Certificate, key: PrivateKey, origin: str, challenge: str
) -> Token:
    """The answer of any certificate and key."""
    algorithm, signature = sign(key, message_of(origin, challenge.encode()))
    return Token(
        format="web-eid:1.0",
        unverifiedCertificate=base64.b64encode(certificate.public_bytes(Encoding.DER)).decode(),
        algorithm=algorithm,
        signature=base64.b64encode(signature).decode(),
        appVersion="https://hygie.example/emulator/1",
    )


def message_of(origin: str, challenge: bytes) -> bytes:
    """H(origin) ‖ H(challenge), computed here on its own: the tests do not ask the code."""
    return hashlib.sha256(origin.encode()).digest() + hashlib.sha256(challenge).digest()


def sign(key: PrivateKey, message: bytes) -> tuple[str, bytes]:
    """(algorithm, signature): PKCS#1 v1.5 for RSA, raw r‖s for P-256."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256", key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    size = (key.key_size + 7) // 8
    return "ES256", r.to_bytes(size, "big") + s.to_bytes(size, "big")
