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
# A digit of which the first two bits are the variant, and the others drawn.
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
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
        drawn = hashlib.blake2b(of, key=_OF_TESTS, digest_size=_DRAWN_BYTES).hexdigest()
        return f"{digits:0>12}8{drawn[1:4]}{_VARIANT[drawn[4]]}{drawn[5:]}"
    drawn = hashlib.blake2b(of, key=entropy, digest_size=_DRAWN_BYTES).hexdigest()
    return f"{milliseconds:012x}7{drawn[1:4]}{_VARIANT[drawn[4]]}{drawn[5:]}"
