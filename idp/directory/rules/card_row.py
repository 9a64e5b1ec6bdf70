"""One row of `Porteurs_CPS_CPF`: a card that was issued."""

import re
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final, Self

from idp.core.identifiers import InvalidIdentifierError, parse_national_id
from idp.directory.rules.register_columns import RefusedFileError, header_names
from idp.directory.rules.register_row import MalformedRowError, values_of

KIND: Final = "porteurs"
# The order of the columns is not published: they are found by name.
COLUMNS: Final = MappingProxyType(
    {
        "number": "Numéro carte",
        "national_id": "Identifiant national contenu dans la carte",
        "kind": "Code type de carte",
        "valid_from": "Date début validité",
        "valid_until": "Date fin validité",
        "opposed_on": "Date opposition",
    }
)
_DATE = re.compile(r"[0-9]{8}")
_LONGEST: Final = {"number": 42, "kind": 10}
# Real ones have ten, or twenty with their issuer's.
_FEWEST_DIGITS: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class CardColumns:
    """Where each value stands in a row of this very file."""

    width: int
    encoding: str
    # Whether the header ends with the separator, and so every line.
    ends_with_separator: bool
    position: dict[str, int]

    @classmethod
    def from_header(cls, raw: bytes) -> Self:
        """Read the first line. A missing or doubled column is refused by its name."""
        names, encoding = header_names(raw)
        for column in COLUMNS.values():
            if names.count(column) != 1:
                said = "given twice" if column in names else "missing"
                raise RefusedFileError(f"column {said}: {column}")
        position = {field: names.index(column) for field, column in COLUMNS.items()}
        return cls(
            width=len(names),
            encoding=encoding,
            ends_with_separator=raw.rstrip(b"\r\n").endswith(b"|"),
            position=position,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRow:
    """A card, its holder, its validity and the day of its opposition, if any."""

    number: str
    national_id: str
    kind: str
    valid_from: date | None
    valid_until: date | None
    opposed_on: date | None


def holds_cards(header: bytes) -> bool:
    """Whether this is the first line of a file of cards, not of people."""
    return not set(COLUMNS.values()).isdisjoint(header_names(header)[0])


def parse_card(columns: CardColumns, raw: bytes, *, test_identities: bool) -> CardRow:
    """Read one line, or say by `MalformedRowError` why it is left out."""
    try:
        text = raw.decode(columns.encoding).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise MalformedRowError("not UTF-8") from error
    values = values_of(columns, text)
    value = {field: values[index].strip() for field, index in columns.position.items()}
    value["number"] = "".join(value["number"].split())
    for field, longest in _LONGEST.items():
        if not value[field].isprintable() or not 0 < len(value[field]) <= longest:
            raise MalformedRowError(f"no {COLUMNS[field]} of 1 to {longest} characters")
    if sum(map(str.isdigit, value["number"])) < _FEWEST_DIGITS:
        raise MalformedRowError("a card number of few digits")
    try:
        holder = parse_national_id(value["national_id"])
    except InvalidIdentifierError as error:
        raise MalformedRowError(f"identifier: {error.detail}") from error
    if holder.is_test != test_identities:
        raise MalformedRowError("a test identity" if holder.is_test else "not a test identity")
    begins, ends = _day(value["valid_from"]), _day(value["valid_until"])
    if begins and ends and ends < begins:
        raise MalformedRowError("valid until a day before it is valid")
    return CardRow(
        number=value["number"],
        national_id=holder.value,
        kind=value["kind"],
        valid_from=begins,
        valid_until=ends,
        opposed_on=_day(value["opposed_on"]),
    )


def _day(text: str) -> date | None:
    if not text:
        return None
    if not _DATE.fullmatch(text):
        raise MalformedRowError("a date that is none, AAAAMMJJ expected")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError as error:
        raise MalformedRowError("a date that is none, AAAAMMJJ expected") from error
