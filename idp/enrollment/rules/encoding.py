"""Bytes and text of the e-CPS protocol: base64url, canonical JSON, length prefixes."""

import base64
import binascii
import json
import re
from collections.abc import Mapping

_B64U = re.compile("[A-Za-z0-9_-]*")


def b64u(data: bytes) -> str:
    """base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_b64u(text: str) -> bytes:
    """The bytes of a base64url text; padding, other alphabets and stray bits are refused.

    One byte string has one and only one text, so that a signed value cannot be spelled twice.
    """
    if not _B64U.fullmatch(text):
        raise ValueError("not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if b64u(data) != text:
        raise ValueError("not canonical base64url")
    return data


def canonical_json(value: Mapping[str, str | int]) -> bytes:
    """RFC 8785 for a flat object of strings and integers: sorted keys, no spaces, UTF-8.

    Keys are ASCII here, so that sorting by code point is the sorting by UTF-16 unit of §3.2.3.
    """
    for key, item in value.items():
        if not key.isascii() or isinstance(item, bool) or not isinstance(item, str | int):
            raise ValueError("only ASCII keys with strings or integers")
    return json.dumps(
        dict(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def with_length(data: bytes) -> bytes:
    """`data` after its length as 4 bytes, big-endian: no two lists of parts look alike."""
    return len(data).to_bytes(4, "big") + data
