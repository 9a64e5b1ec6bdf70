"""The internal subject of people who enter the directory: a UUID (RFC 9562).

Subjects of one import follow one another, so that what is indexed by them is written side by side,
not all over indexes that are larger than memory.
"""

import hashlib
import re
from typing import Final

from idp.core.identifiers import NationalId

ENTROPY_BYTES: Final = 32
_DRAWN_BYTES: Final = 10
_VARIANT: Final = 0b10 << 62
_SEVEN, _EIGHT = 7 << 76, 8 << 76
# Of the drawn bits, those that leave the version and the variant alone.
_FREE: Final = (1 << 80) - 1 ^ (0xF << 76 | 0b11 << 62)
# The subject of a fictitious person is the same in every sandbox, so that a portal's tests may
# name it.
_OF_TESTS: Final = b"test subject"
_NO_DIGIT = re.compile("[^0-9]")


def person_id_for(national_id: NationalId, entropy: bytes, milliseconds: int) -> str:
    """The subject of a newcomer, in hexadecimal: version 7, or version 8 beginning with the number
    of a fictitious person.

    `entropy`: random bytes of this import, told to nobody and not kept, so that no subject follows
    from its number. `milliseconds`: since 1970.
    """
    of = national_id.value.encode()
    if national_id.is_test:
        digits = _NO_DIGIT.sub("", national_id.value)[:12]
        drawn = hashlib.blake2b(of, key=_OF_TESTS, digest_size=_DRAWN_BYTES).digest()
        return _uuid(int(digits.rjust(12, "0"), 16), _EIGHT, drawn)
    drawn = hashlib.blake2b(of, key=entropy, digest_size=_DRAWN_BYTES).digest()
    return _uuid(milliseconds, _SEVEN, drawn)


def _uuid(first: int, version: int, drawn: bytes) -> str:
    free = int.from_bytes(drawn, "big") & _FREE
    return f"{first << 80 | version | _VARIANT | free:032x}"
