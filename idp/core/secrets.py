"""Random secrets and their digests (256-bit random values, so no slow hash)."""

import hashlib
import hmac
import secrets as stdlib_secrets


def new_token() -> str:
    """256 random bits as 43 URL-safe characters."""
    return stdlib_secrets.token_urlsafe(32)


def digest(token: str) -> bytes:
    """SHA-256, 32 bytes: what the database keeps of a secret."""
    return hashlib.sha256(token.encode()).digest()


def matches(token: str, expected_digest: bytes | memoryview) -> bool:
    """Constant-time comparison of a presented secret with the kept digest."""
    return hmac.compare_digest(digest(token), bytes(expected_digest))


_REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """Eight characters that a person can read aloud: the reference of an audit row."""
    return "".join(stdlib_secrets.choice(_REFERENCE_ALPHABET) for _ in range(8))
