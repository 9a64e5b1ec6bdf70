"""The internal subject of people who enter the directory."""

import hashlib
import uuid
from typing import Final

from idp.core.identifiers import NationalId

# The subject of a fictitious person is the same in every sandbox, so that a portal's tests may
# name it. Real subjects are random.
TEST_PERSON_NAMESPACE: Final = uuid.UUID("6f0b7a52-2c5e-4f4e-9a2d-6c0f1d6c9b11")
ENTROPY_BYTES: Final = 32


def person_id_for(national_id: NationalId, entropy: bytes) -> uuid.UUID:
    """The subject of a newcomer. `entropy`: random bytes of this import, told to nobody and not
    kept, so that no subject follows from its number.
    """
    if national_id.is_test:
        return uuid.uuid5(TEST_PERSON_NAMESPACE, national_id.value)
    drawn = hashlib.blake2b(national_id.value.encode(), key=entropy, digest_size=16).digest()
    return uuid.UUID(bytes=drawn, version=4)
