"""One row of the register as a typed value, or the reason why it is malformed."""

import re
from operator import itemgetter
from typing import Final, NamedTuple

from idp.core.identifiers import InvalidIdentifierError, NationalId, parse_national_id
from idp.directory.rules.activity import ACTIVITY_FIELDS, Activity
from idp.directory.rules.professional import SavoirFaire
from idp.directory.rules.register_columns import (
    EXTRACTION_COLUMNS,
    PERSON_COLUMNS,
    SEPARATOR,
    Columns,
    RegisterColumns,
)

LONGEST_VALUE: Final = 255
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_ASCII_CONTROLS: Final = bytes((*range(0x20), 0x7F))
# Bytes that begin a control character or a space other than U+0020; some begin letters too.
_SUSPECT: Final = {
    "utf-8": _ASCII_CONTROLS + b"\xc2\xe1\xe2\xe3",
    "cp1252": _ASCII_CONTROLS + b"\xa0",
}
_PERSON_FIELDS: Final = (*PERSON_COLUMNS, *EXTRACTION_COLUMNS)


class MalformedRowError(ValueError):
    """This row is left out; the rest of the file is not. The text is for the operator."""


def values_of(columns: Columns, text: str) -> list[str]:
    """The values of a line without its end, as many as the header has columns.

    Ended as the header is. An empty last value is never taken for the end that is missing: a line
    that lacks another value looks the same, and has all that follow in the wrong column.
    """
    values = text.split(SEPARATOR)
    if columns.ends_with_separator and not values[-1]:
        values.pop()
    if len(values) != columns.width:
        raise MalformedRowError(f"{len(values)} columns, {columns.width} expected")
    return values


class RegisterRow(NamedTuple):
    """Person × exercice × savoir-faire × activity; the last two may be absent.

    A tuple, like its parts: an import reads millions.
    """

    national_id: NationalId
    civility: str
    nom: str
    prenom: str
    family_name: str
    given_names: str
    code_civilite: str
    code_profession: str
    code_categorie_professionnelle: str
    savoir_faire: SavoirFaire | None
    activity: Activity | None
    # No value holds what JSON would write otherwise.
    is_plain: bool = False


class SavoirFaireRow(NamedTuple):
    """Person × savoir-faire, of a profession."""

    national_id: str
    code_profession: str
    code_categorie_professionnelle: str
    code_type: str
    code: str


def claimed_national_id(columns: RegisterColumns, raw: bytes) -> bytes:
    """The identifier a line says it is about, unchecked: enough to find rows that belong together.

    Reads bytes, so that a first look over two million lines costs little.
    """
    fields = raw.split(b"|", columns.person["national_id"] + 1)
    index = columns.person["national_id"]
    return fields[index].strip() if index < len(fields) else b""


def parse_row(columns: RegisterColumns, raw: bytes, *, test_identities: bool) -> RegisterRow:
    """Read one line. `test_identities`: the file may hold fictitious people, and nobody else."""
    return RowReader(columns, test_identities=test_identities).read(raw)


class RowReader:
    """Reads the rows of one file, or says by `MalformedRowError` why a row is left out."""

    def __init__(self, columns: RegisterColumns, *, test_identities: bool) -> None:
        self._columns = columns
        self._suspect = _SUSPECT[columns.encoding]
        self._test_identities = test_identities
        # Columns that this file lacks are read from an empty value behind the last one.
        nowhere = columns.width
        self._person = itemgetter(*(columns.person.get(field, nowhere) for field in _PERSON_FIELDS))
        self._activity = itemgetter(
            *(columns.activity.get(field, nowhere) for field in ACTIVITY_FIELDS)
        )
        # Rows that follow one another are about the same person.
        self._last: NationalId | None = None

    def read(self, raw: bytes) -> RegisterRow:
        """The row of one line."""
        text, values = self._split(raw)
        (
            type_identifiant, identifiant, national, civility, code_civilite, nom, prenom,
            profession, category, type_savoir_faire, savoir_faire, family_name, given_names,
        ) = self._person(values)  # fmt: skip
        # EDIT and PSI identities carry no type digit; column 3 is then column 2 itself.
        if national not in (type_identifiant + identifiant, identifiant):
            raise MalformedRowError("the three identifier columns contradict one another")
        if self._last is None or self._last.value != national:
            self._last = self._real_or_test(national)
        if not (nom and profession and category):
            raise MalformedRowError(f"no {_first_missing(nom, profession)}")
        practice = self._activity(values)
        return RegisterRow(
            self._last,
            civility,
            nom,
            prenom,
            # The open file knows the name of exercise only.
            family_name or nom,
            # The extraction writes up to three, as in « Jean'Luc' ».
            (given_names and " ".join(given_names.split("'")).strip()) or prenom,
            code_civilite,
            profession,
            category.upper(),
            SavoirFaire(type_savoir_faire, savoir_faire) if savoir_faire else None,
            Activity._make(practice) if any(practice) else None,
            '"' not in text and "\\" not in text,
        )

    def read_savoir_faire(self, raw: bytes) -> SavoirFaireRow:
        """The same of a file that says nothing else."""
        row = self.read(raw)
        if row.savoir_faire is None:
            raise MalformedRowError("no savoir-faire")
        return SavoirFaireRow(
            row.national_id.value,
            row.code_profession,
            row.code_categorie_professionnelle,
            *row.savoir_faire,
        )

    def _split(self, raw: bytes) -> tuple[str, list[str]]:
        """The line, and its values, cleaned, with an empty one behind them."""
        raw = raw.rstrip(b"\r\n")
        try:
            text = raw.decode(self._columns.encoding)
        except UnicodeDecodeError as error:
            raise MalformedRowError("not UTF-8") from error
        values = values_of(self._columns, text)
        if not self._is_clean(raw, text):
            values = self._cleaned(raw, values)
        if _may_be_long(text) and max(map(len, values)) > LONGEST_VALUE:
            raise MalformedRowError(f"a value longer than {LONGEST_VALUE} characters")
        values.append("")
        return text, values

    def _is_clean(self, raw: bytes, text: str) -> bool:
        """Nothing to take away from any value, as in nearly every row; told at little cost."""
        return len(raw) == len(raw.translate(None, self._suspect)) and not (
            " |" in text or "| " in text or text[:1] == " " or text[-1:] == " "
        )

    def _cleaned(self, raw: bytes, values: list[str]) -> list[str]:
        if b"\0" in raw:
            raise MalformedRowError("NUL byte")
        cleaned = [_CONTROL.sub(" ", value).strip() for value in values]
        if (
            claimed_national_id(self._columns, raw).decode(self._columns.encoding, "replace")
            != (cleaned[self._columns.person["national_id"]])
        ):
            raise MalformedRowError("stray characters in the identifier")
        return cleaned

    def _real_or_test(self, text: str) -> NationalId:
        try:
            national_id = parse_national_id(text)
        except InvalidIdentifierError as error:
            raise MalformedRowError(f"identifier: {error.detail}") from error
        if national_id.is_test is self._test_identities:
            return national_id
        # Whoever is marked as test may be impersonated at will: never a real person.
        raise MalformedRowError(
            "not a test identity"
            if self._test_identities
            else "test identity (accepted in sandbox mode with --test-identities)"
        )


def _may_be_long(text: str) -> bool:
    """Whether a value is longer than is accepted, before cleaning; told at little cost.

    Such a value holds one of every so many characters: only the values around these are measured.
    """
    for at in range(LONGEST_VALUE, len(text), LONGEST_VALUE + 1):
        end = text.find(SEPARATOR, at)
        begin = text.rfind(SEPARATOR, 0, at) + 1
        if (end if end >= 0 else len(text)) - begin > LONGEST_VALUE:
            return True
    return False


def _first_missing(nom: str, profession: str) -> str:
    # Without its category a student could not be told from the professional.
    return "name" if not nom else "profession" if not profession else "professional category"
