"""Codes that people type: the activation code, the number of a request. From given bytes only."""

import unicodedata

# Crockford-like: no I, L, O, U, so that nothing is read for something else.
CODE_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 10
_LOOKALIKES = str.maketrans({"O": "0", "I": "1", "L": "1"})
NUMBER_LENGTH = 2
# Where the risk is higher: 20 bits, as NIST SP 800-63B-4 §3.1.3 asks of an out-of-band secret.
LONG_NUMBER_LENGTH = 6


def code_from(random_bytes: bytes) -> str:
    """Ten characters, 50 bits, from the first bytes of a digest."""
    bits = int.from_bytes(random_bytes[:8], "big") >> (64 - 5 * CODE_LENGTH)
    return "".join(
        CODE_ALPHABET[(bits >> (5 * place)) & 31] for place in reversed(range(CODE_LENGTH))
    )


def grouped(code: str) -> str:
    """`ABCDEFGHJK` as `ABCDE-FGHJK`."""
    return f"{code[: CODE_LENGTH // 2]}-{code[CODE_LENGTH // 2 :]}"


def normalised_code(typed: str) -> str:
    """What was meant: case, spaces, hyphens and look-alikes forgiven; `""` when it is no code."""
    text = unicodedata.normalize("NFKC", typed[:64]).upper()
    compact = "".join(text.split()).replace("-", "").translate(_LOOKALIKES)
    is_code = len(compact) == CODE_LENGTH and set(compact) <= set(CODE_ALPHABET)
    return compact if is_code else ""


def number_from(random_bytes: bytes, length: int = NUMBER_LENGTH) -> str:
    """Digits to type on the phone, the first never zero: nobody drops it."""
    lowest = int(10 ** (length - 1))
    span = int(10**length) - lowest
    return str(lowest + int.from_bytes(random_bytes[:8], "big") % span)
