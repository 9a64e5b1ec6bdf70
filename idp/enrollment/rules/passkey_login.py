"""Login by the passkey alone, in the browser that logs in: what is signed."""

import hashlib
from typing import Final

from idp.enrollment.rules.encoding import canonical_json

PASSKEY_LOGIN_TAG: Final = b"ecps-passkey-login-v1\0"


def passkey_login_challenge(*, nonce: bytes, context: dict[str, str | int]) -> bytes:
    """SHA-256(tag ‖ nonce ‖ JCS(context)), 32 bytes: which login, to which portal."""
    return hashlib.sha256(PASSKEY_LOGIN_TAG + nonce + canonical_json(context)).digest()
