"""Rows in the text form of PostgreSQL's COPY.

Tab-separated, `\\N` for null, backslashes doubled; `parse_row` left no tab or line end in a value.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

# A value that is absent; one that a register gives has its backslash doubled.
NULL: Final = "\\N"
_NONE: Final[Mapping[str, Sequence[str]]] = MappingProxyType({})


class Lines:
    """Collects rows by table, in the text form of COPY. `ends`: how each row of a table ends."""

    def __init__(self, tables: Iterable[str], ends: Mapping[str, Sequence[str]] = _NONE) -> None:
        self._lines: dict[str, list[str]] = {table: [] for table in tables}
        self._ends = ends

    def add(self, table: str, *values: str) -> None:
        """One row."""
        self._lines[table].append(line_of(values))

    def rows(self) -> dict[str, bytes]:
        """Those of each table that has some."""
        return {
            table: self._text(table, lines).encode()
            for table, lines in self._lines.items()
            if lines
        }

    def _text(self, table: str, lines: Iterable[str]) -> str:
        end = "".join(f"\t{value}" for value in self._ends.get(table, ())) + "\n"
        return end.join(lines) + end


def line_of(values: Sequence[str]) -> str:
    """One row, without its end."""
    line = "\t".join(values)
    return "\t".join(map(_escaped, values)) if "\\" in line else line


def _escaped(value: str) -> str:
    return value if value is NULL else value.replace("\\", "\\\\")


def values_of(rows: bytes) -> Iterable[list[str | None]]:
    """Back from the text form, for a database that does not read it."""
    for line in rows.decode().split("\n")[:-1]:
        yield [None if value == NULL else value.replace("\\\\", "\\") for value in line.split("\t")]


def whole_lines(rows: bytes, size: int) -> Iterator[bytes]:
    """Parts of about `size` bytes, or of one row that is longer; together they are `rows`."""
    start = 0
    while start < len(rows):
        # The end of the row that holds the last byte.
        end = rows.find(b"\n", start + size - 1) + 1 or len(rows)
        yield rows[start:end]
        start = end
