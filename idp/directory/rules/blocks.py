"""A register file in parts that can be read side by side: whole lines, nobody in two of them."""

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from idp.directory.rules.register_columns import RefusedFileError, RegisterColumns
from idp.directory.rules.register_row import claimed_national_id

# The longest real line has about 1 kB.
LONGEST_LINE: Final = 65_536
# Nobody has so many rows: such a file names one identifier in all of them.
_MOST_OF_ONE_PERSON: Final = 16 << 20
_IDENTIFIER = re.compile(rb"[0-9A-Za-z/-]{1,64}")


class Block(NamedTuple):
    """Lines that follow one another; `first`: the number of the first. The file's own is 1."""

    first: int
    content: bytes


class RawPerson(NamedTuple):
    """Lines that claim to be about one person: number, and bytes without the line's end.

    None for the bytes of a line that was too long to keep.
    """

    claimed: str
    lines: tuple[tuple[int, bytes | None], ...]


def people_of(block: Block, columns: RegisterColumns) -> Iterator[RawPerson]:
    """Rows that follow one another and claim to be about the same person.

    `claimed` is `""` where that is no identifier at all: such a row is by itself. Empty lines are
    left out, and counted.
    """
    before, claimed, rows = b"", "", list[tuple[int, bytes | None]]()
    line: bytes | None
    for number, line in enumerate(block.content.split(b"\n"), block.first):
        if len(line) < LONGEST_LINE:
            named = claimed_national_id(columns, line)
            if not named and not line.strip():
                continue
        else:
            named, line = b"", None
        if rows and (named != before or not claimed):
            yield RawPerson(claimed, tuple(rows))
            rows = []
        if not rows:
            claimed = named.decode() if _IDENTIFIER.fullmatch(named) else ""
        before = named
        rows.append((number, line))
    if rows:
        yield RawPerson(claimed, tuple(rows))


def whole_people(blocks: Iterable[Block], columns: RegisterColumns) -> Iterator[Block]:
    """The same lines, cut where one person ends and another begins.

    Raises `RefusedFileError` where that is nowhere near.
    """
    begun = Block(1, b"")
    for block in blocks:
        if begun.content:
            block = Block(begun.first, begun.content + block.content)
        cut = _last_person(block.content, columns)
        lines = block.content.count(b"\n", 0, cut)
        if cut:
            yield Block(block.first, block.content[:cut])
        begun = Block(block.first + lines, block.content[cut:])
        if len(begun.content) > _MOST_OF_ONE_PERSON:
            raise RefusedFileError(f"more rows from line {begun.first} on than one person has")
    if begun.content:
        yield begun


def _last_person(content: bytes, columns: RegisterColumns) -> int:
    """Where the rows begin of whom the last line is about."""
    begin, last = len(content), b""
    while begin:
        end, begin = begin, content.rfind(b"\n", 0, begin - 1) + 1
        line = content[begin:end]
        if not line.strip():
            continue
        named = claimed_national_id(columns, line)
        if last and named != last:
            return end
        if not _IDENTIFIER.fullmatch(named):
            return begin
        last = named
    return 0
