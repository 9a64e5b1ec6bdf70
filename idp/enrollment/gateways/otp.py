"""One-time codes by `pyotp` (RFC 6238, SHA-256). It remembers nothing: replays are the flow's."""

import base64
from hashlib import sha256

import pyotp

from idp.enrollment.rules.offline import DIGITS, PERIOD_SECONDS


def _totp(seed: bytes, *, name: str = "e-CPS", issuer: str = "") -> pyotp.TOTP:
    return pyotp.TOTP(
        base64.b32encode(seed).decode(),
        digits=DIGITS,
        digest=sha256,
        interval=PERIOD_SECONDS,
        name=name,
        issuer=issuer or None,
    )


def code_of(seed: bytes, step: int) -> str:
    """The digits of one step."""
    return _totp(seed).at(step * PERIOD_SECONDS)


def address_of(seed: bytes, *, issuer: str) -> str:
    """`otpauth://…`, for an application of one-time codes."""
    return _totp(seed, issuer=issuer).provisioning_uri()
