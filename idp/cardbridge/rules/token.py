"""The `web-eid:1.0` token: read strictly, and the bytes that a card signs."""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.core import strict_json

MAX_BODY_BYTES = 10 * 1024
FORMAT = "web-eid:1.0"
_KEYS = frozenset({"format", "unverifiedCertificate", "algorithm", "signature", "appVersion"})


class Algorithm(StrEnum):
    """Allow-list. Every CPS signs RS256; ES256 is there for cards to come."""

    RS256 = "RS256"
    ES256 = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebEidToken:
    """A token of the right form. Nothing in it is trusted yet: neither nonce nor origin travel."""

    unverified_certificate: bytes
    algorithm: Algorithm
    signature: bytes
    app_version: str

    @classmethod
    def parse(cls, body: bytes) -> Self:
        """Exactly five text members, known format and algorithm, canonical base64."""
        members = _members(body)
        if members["format"] != FORMAT:
            raise _unreadable("format")
        if members["algorithm"] not in set(Algorithm):
            raise CardRefusedError(CardCode.ALGORITHM_REFUSED, detail="not in the allow-list")
        return cls(
            unverified_certificate=strict_base64(members["unverifiedCertificate"]),
            algorithm=Algorithm(members["algorithm"]),
            signature=strict_base64(members["signature"]),
            app_version=members["appVersion"][:120],
        )


def strict_base64(text: str) -> bytes:
    """Standard alphabet, padding, and one spelling only: what decodes must encode to the same."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise _unreadable("base64") from error
    if not value or base64.b64encode(value).decode() != text:
        raise _unreadable("base64 is not canonical")
    return value


def signed_message(*, origin: str, challenge: str) -> bytes:
    """`H(origin) ‖ H(challenge)`: the message that the signature algorithm hashes once more.

    Web eID: the challenge is hashed as its base64 text, not as the bytes it stands for.
    """
    return hashlib.sha256(origin.encode()).digest() + hashlib.sha256(challenge.encode()).digest()


def control_code(*, origin: str, challenge: str) -> str:
    """Four digits, shown by the page and by the bridge's window: ties one to the other."""
    start = hashlib.sha256(f"{origin}\n{challenge}".encode()).digest()[:4]
    return f"{int.from_bytes(start, 'big') % 10_000:04d}"


def _members(body: bytes) -> dict[str, str]:
    if len(body) > MAX_BODY_BYTES:
        raise _unreadable("longer than 10 KB")
    try:
        value = strict_json.read(body)
    except ValueError as error:
        raise _unreadable("no JSON") from error
    if not isinstance(value, dict) or value.keys() != _KEYS:
        raise _unreadable("members")
    if not all(isinstance(member, str) for member in value.values()):
        raise _unreadable("a member is no text")
    return value


def _unreadable(detail: str) -> CardRefusedError:
    return CardRefusedError(CardCode.ANSWER_UNREADABLE, detail=detail)
