"""The `web-eid:1.0` token: which bytes a card signs, and how the answer is checked and written.

Pure functions over `cryptography` values; called by `authentication` and by the readers.
"""

import base64
import binascii
import hashlib
import re
from typing import TypedDict

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from cps_bridge import __version__
from cps_bridge.certificates import Algorithm
from cps_bridge.errors import BridgeError, Code

FORMAT = "web-eid:1.0"
APP_VERSION = f"https://hygie.example/cps-bridge/{__version__}"
_BASE64 = re.compile(r"[A-Za-z0-9+/]{42,}={0,2}")
# RFC 8017 §9.2 note 1: the DER that precedes a SHA-256 hash in a PKCS#1 v1.5 signature.
_SHA256_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
P256_BYTES = 32


class Token(TypedDict):
    """The token as it goes to the page."""

    format: str
    unverifiedCertificate: str
    algorithm: str
    signature: str
    appVersion: str


def check_challenge(challenge: str) -> None:
    """Refuse a challenge that is not 44..128 characters of base64 text, 256 bits or more."""
    try:
        decoded = base64.b64decode(challenge, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if not 44 <= len(challenge) <= 128 or not _BASE64.fullmatch(challenge) or len(decoded) < 32:
        raise BridgeError(Code.BAD_CHALLENGE)


def signed_message(*, origin: str, challenge: str) -> bytes:
    """Return `H(origin) ‖ H(challenge)`: the message that the signature algorithm hashes again.

    Web eID: the challenge is hashed as its base64 *text*, not as the bytes it stands for; hashing
    both first keeps the two fields apart.
    """
    return _sha256(origin.encode()) + _sha256(challenge.encode())


def digest_info(message: bytes) -> bytes:
    """Return the 51-byte DigestInfo of SHA-256(message), which `CKM_RSA_PKCS` pads and signs."""
    return _SHA256_DIGEST_INFO + _sha256(message)


def control_code(*, origin: str, challenge: str) -> str:
    """Return the 4 digits shown on the page and in the PIN prompt, which tie one to the other."""
    start = int.from_bytes(_sha256(f"{origin}\n{challenge}".encode())[:4], "big")
    return f"{start % 10_000:04d}"


def signature_matches(certificate: x509.Certificate, *, signature: bytes, message: bytes) -> bool:
    """Say whether `signature` is this certificate's key over `message` (ECDSA as raw r‖s)."""
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey) and len(signature) == 2 * P256_BYTES:
            r = int.from_bytes(signature[:P256_BYTES], "big")
            s = int.from_bytes(signature[P256_BYTES:], "big")
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def write_token(certificate: x509.Certificate, *, algorithm: Algorithm, signature: bytes) -> Token:
    """Return the token for a signature that was verified."""
    return Token(
        format=FORMAT,
        unverifiedCertificate=_base64(certificate.public_bytes(Encoding.DER)),
        algorithm=algorithm.value,
        signature=_base64(signature),
        appVersion=APP_VERSION,
    )


def _sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
