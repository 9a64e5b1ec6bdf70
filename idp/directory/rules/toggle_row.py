"""One row of the register's « bascule »: an ADELI number and the RPPS number that replaces it."""

from dataclasses import dataclass
from typing import Final, Self

from idp.core.identifiers import InvalidIdentifierError, NationalId, parse_national_id
from idp.directory.rules.register_columns import RefusedFileError
from idp.directory.rules.register_row import MalformedRowError

SEPARATOR: Final = ";"
FORMER: Final = "N° ADELI"
MAIN: Final = "N° RPPS"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toggle:
    """The number somebody was known by, and the one they have for life."""

    former: NationalId
    main: NationalId


@dataclass(frozen=True, slots=True, kw_only=True)
class ToggleColumns:
    """Where both stand in a row of this very file."""

    width: int
    former: int
    main: int
    encoding: str

    @classmethod
    def from_header(cls, raw: bytes) -> Self:
        """Read the first line. A missing or doubled column is refused by its name."""
        try:
            text, encoding = raw.decode("utf-8-sig"), "utf-8"
        except UnicodeDecodeError:
            text, encoding = raw.decode("latin-1"), "latin-1"
        names = [name.strip() for name in text.rstrip("\r\n").split(SEPARATOR)]
        for column in (FORMER, MAIN):
            if names.count(column) != 1:
                said = "given twice" if column in names else "missing"
                raise RefusedFileError(f"column {said}: {column}")
        return cls(
            width=len(names),
            former=names.index(FORMER),
            main=names.index(MAIN),
            encoding=encoding,
        )


def parse_toggle(columns: ToggleColumns, raw: bytes, *, test_identities: bool) -> Toggle:
    """Read one line, or say by `MalformedRowError` why it is left out."""
    try:
        values = raw.decode(columns.encoding).rstrip("\r\n").split(SEPARATOR)
    except UnicodeDecodeError as error:
        raise MalformedRowError("not UTF-8") from error
    if len(values) != columns.width:
        raise MalformedRowError(f"{len(values)} columns instead of {columns.width}")
    try:
        # The type digit of table G08 in front: 0 is ADELI, 8 is RPPS.
        former = parse_national_id(f"0{values[columns.former].strip()}")
        main = parse_national_id(f"8{values[columns.main].strip()}")
    except InvalidIdentifierError as error:
        raise MalformedRowError(f"identifier: {error.detail}") from error
    for each in (former, main):
        if each.is_test != test_identities:
            raise MalformedRowError("a test identity" if each.is_test else "not a test identity")
    return Toggle(former=former, main=main)
