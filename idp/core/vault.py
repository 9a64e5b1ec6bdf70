"""Encryption at rest of what must be read back: signing keys, PIN keys, push subscriptions."""

import base64

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

from idp.core.errors import IdpError


def derived_key(*, purpose: str) -> bytes:
    """32 secret bytes of this deployment, the same for ever; each purpose has its own."""
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hygie:" + purpose.encode()).derive(
        settings.ENCRYPTION_KEY.encode()
    )


def _cipher(purpose: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(derived_key(purpose=purpose)))


def seal(plain: bytes, *, purpose: str) -> bytes:
    """Encrypts and authenticates; the purpose separates keys, so boxes cannot be swapped."""
    return _cipher(purpose).encrypt(plain)


def unseal(box: bytes | memoryview, *, purpose: str) -> bytes:
    """Decrypts; a box of another purpose, key or content is refused."""
    try:
        return _cipher(purpose).decrypt(bytes(box))
    except InvalidToken as error:
        raise IdpError(
            "vault", "Une donnée protégée est illisible.", detail=purpose, status=500
        ) from error
