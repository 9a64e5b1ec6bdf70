"""National identifiers of professionals: RPPS, ADELI, EDIT, PSI, employees of a structure.

A value of these types is the proof that its check ran. Pure: imports no Django. Used wherever an
identifier enters: certificate, login page, register file, directory look-up.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final, NamedTuple

from idp.core.errors import IdpError

LONGEST_TYPED = 64
# Numbers the ANS issues to fictitious people only.
TEST_RPPS_PREFIXES = ("997", "999")


class InvalidIdentifierError(IdpError, ValueError):
    """What was given is no identifier of a professional; `detail` says which rule it breaks."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            "invalid_identifier", "Cet identifiant n’est pas valide. Vérifiez-le.", detail=detail
        )


class IdentifierOrigin(StrEnum):
    """Who gave the identifier: the `origine` of an `otherIds` entry, by table G08 for prefixes."""

    RPPS = "RPPS"
    ADELI = "ADELI"
    EDIT = "EDIT"
    PSI = "PSI"
    FINESS = "FINESS"
    SIREN = "SIREN"
    SIRET = "SIRET"
    CABINET_ADELI = "CABINET_ADELI"
    CABINET_RPPS = "CABINET_RPPS"


# Twice a digit, and the digits of that added up.
_DOUBLED = bytes.maketrans(b"0123456789", b"0246813579")


def luhn_key(digits: str) -> int:
    """The check digit that follows `digits` (Luhn, as in ISO/IEC 7812-1 annex B)."""
    # An import asks this for each of two million people: bytes add up without a number for each.
    known = digits.encode()
    total = sum(known[::-2].translate(_DOUBLED)) + sum(known[-2::-2])
    return (ord("0") * len(known) - total) % 10


@dataclass(frozen=True, slots=True)
class RppsId:
    """An RPPS number: 11 digits, the last one the Luhn key of the ten before it."""

    value: str

    def __post_init__(self) -> None:
        if not re.fullmatch("[0-9]{11}", self.value):
            raise InvalidIdentifierError("an RPPS number has 11 digits")
        if luhn_key(self.value[:-1]) != int(self.value[-1]):
            raise InvalidIdentifierError("the RPPS check digit is wrong")

    @property
    def national_id(self) -> str:
        """With the type digit of table G08 in front: what tokens and certificates carry."""
        return f"8{self.value}"

    @property
    def is_test(self) -> bool:
        """Belongs to a fictitious person."""
        return self.value.startswith(TEST_RPPS_PREFIXES)


_RPPS: Final = IdentifierOrigin.RPPS


class NationalId(NamedTuple):
    """A person's national identifier (PS_IdNat) and its origin. Made by `parse_national_id`.

    A tuple: an import makes a million of them.
    """

    value: str
    origin: IdentifierOrigin

    @property
    def is_test(self) -> bool:
        """Belongs to a fictitious person: such an identity must not exist outside a sandbox."""
        if self.origin is _RPPS:
            return self.value.startswith(TEST_RPPS_PREFIXES, 1)
        match self.origin:
            case IdentifierOrigin.EDIT:
                return True  # EDIT makes identities for the ANS sandbox only.
            case IdentifierOrigin.ADELI:
                # An ADELI number opens with the department; none is written 0 + letter.
                return re.match("00[A-Z]", self.value) is not None
        return False

    def __str__(self) -> str:
        return self.value


_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_REGISTRE = "/[0-9A-Za-z]{1,20}"
# Table G08: the first digit says what follows. Order does not matter: the forms are disjoint.
_FORMS: tuple[tuple[IdentifierOrigin, re.Pattern[str]], ...] = (
    (IdentifierOrigin.RPPS, re.compile("8[0-9]{11}")),
    (IdentifierOrigin.ADELI, re.compile("0[0-9][0-9A-Z][0-9]{7}")),
    (IdentifierOrigin.EDIT, re.compile("ANS[0-9]{14}")),
    (IdentifierOrigin.PSI, re.compile(_UUID)),
    (IdentifierOrigin.CABINET_ADELI, re.compile("1[0-9][0-9A-Z][0-9A-Z]{7,12}" + _REGISTRE)),
    (IdentifierOrigin.FINESS, re.compile("3[0-9][0-9A-Z][0-9]{7}" + _REGISTRE)),
    (IdentifierOrigin.SIREN, re.compile("4[0-9]{9}" + _REGISTRE)),
    (IdentifierOrigin.SIRET, re.compile("5[0-9]{14}" + _REGISTRE)),
    (IdentifierOrigin.CABINET_RPPS, re.compile("6[0-9]{14}" + _REGISTRE)),
)


@lru_cache(maxsize=1024)
def parse_national_id(text: str) -> NationalId:
    """Read an identifier as certificates, files and tokens write it; nothing is forgiven."""
    for origin, form in _FORMS:
        if form.fullmatch(text):
            # The key covers the 11 digits; the 12 with the type digit are not Luhn-valid.
            if origin is _RPPS and luhn_key(text[1:-1]) != int(text[-1]):
                raise InvalidIdentifierError("the RPPS check digit is wrong")
            return NationalId(value=text, origin=origin)
    raise InvalidIdentifierError("no form of national identifier matches")


def normalise_typed_identifier(text: str) -> str:
    """The national identifier meant by what a person typed at login.

    Spaces, dots and groups are forgiven, as is a missing type digit: the number on a card or a
    prescription is read with or without its leading 8 (RPPS) or 0 (ADELI).
    """
    if len(text) > LONGEST_TYPED:
        raise InvalidIdentifierError("too long")
    compact = "".join(
        character
        for character in unicodedata.normalize("NFKC", text)
        # Cf: invisible marks that a copied text may bring along.
        if not character.isspace() and character != "." and unicodedata.category(character) != "Cf"
    )
    if re.fullmatch(_UUID, compact.lower()):
        return parse_national_id(compact.lower()).value
    bare = compact.replace("-", "").upper()
    if re.fullmatch("[0-9]{11}", bare):
        return RppsId(bare).national_id
    if re.fullmatch("[0-9][0-9A-Z][0-9]{7}", bare):
        return parse_national_id(f"0{bare}").value
    return parse_national_id(bare if "/" not in compact else compact).value


def group_for_reading(national_id: str) -> str:
    """For a screen: `810100271385` reads `8 1010 0271 385`. Other forms are left as they are."""
    if re.fullmatch("8[0-9]{11}", national_id):
        return " ".join((national_id[0], national_id[1:5], national_id[5:9], national_id[9:]))
    if re.fullmatch("0[0-9][0-9A-Z][0-9]{7}", national_id):
        return " ".join((national_id[0], national_id[1:4], national_id[4:7], national_id[7:]))
    return national_id
