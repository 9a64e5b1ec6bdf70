"""What tells one place of practice from another."""

import hashlib


def digest_of(text: str) -> str:
    """Thirty-two hexadecimal digits: of an « identifiant technique », the subject of the place."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
