"""From the raw rows of people to what is stored of them: what the processes of an import compute.

Imports no Django: a process that only parses stays small.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from idp.directory.rules.blocks import LONGEST_LINE, Block, RawPerson, people_of
from idp.directory.rules.merge import RegisterEntry, merge_rows
from idp.directory.rules.register_columns import RefusedFileError, RegisterColumns
from idp.directory.rules.register_row import MalformedRowError, RegisterRow, RowReader

# Of the rows left out, how many are named; all are counted.
NAMED_ROWS: Final = 20
# Why somebody of a block is read; 0: they are not.
NEW, CHANGED, SCATTERED, MALFORMED = 1, 2, 3, 4
# Raise it when what is read from a row changes: the next import then reads everybody anew.
_READING: Final = b"1"


class FileChangedError(RefusedFileError):
    """What is read is not what was looked at before."""

    def __init__(self, said: str = "the file was changed while it was read") -> None:
        # Made anew of what it says, where a process hands it over.
        super().__init__(said)


@dataclass(frozen=True, slots=True)
class Flagged:
    """Those of a block's people who are to be read; without flags, everybody.

    Scattered people are not: all that is said of them is read together.
    """

    columns: RegisterColumns
    block: Block
    flags: bytes | None = None
    wanted: frozenset[int] = frozenset((NEW, CHANGED, MALFORMED))

    def __iter__(self) -> Iterator[RawPerson]:
        people = people_of(self.block, self.columns)
        return people if self.flags is None else self._flagged([*people], self.flags)

    def _flagged(self, people: list[RawPerson], flags: bytes) -> Iterator[RawPerson]:
        if len(people) != len(flags):
            raise FileChangedError
        return (person for person, why in zip(people, flags, strict=True) if why in self.wanted)


class ReadPerson(NamedTuple):
    """An entry with the fingerprint of its rows; `""` where rows were left out, which are then
    read, and named, at each import."""

    entry: RegisterEntry
    raw_fingerprint: str


@dataclass(slots=True)
class Read:
    """How many rows were read, how many are left out, and the first of these: line number, reason.

    Not all: a megabyte that is no register has half a million.
    """

    rows: int = 0
    malformed_rows: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)

    def leave_out(self, number: int, reason: str) -> None:
        self.malformed_rows += 1
        self.malformed.append((number, reason))
        if len(self.malformed) > 50 * NAMED_ROWS:
            self.malformed = self.named

    @property
    def named(self) -> list[tuple[int, str]]:
        """The first ones. Rows of people scattered over the file are read out of their order."""
        return sorted(self.malformed)[:NAMED_ROWS]


def header_digest(header: bytes, *, test_identities: bool) -> bytes:
    """What the meaning of a row depends on besides its bytes."""
    return hashlib.blake2b(
        b"\0".join((_READING, bytes([test_identities]), header.rstrip())), digest_size=16
    ).digest()


def raw_fingerprint(header: bytes, lines: Sequence[bytes]) -> str:
    """128 bits over a person's rows, whatever their order and however often repeated."""
    if len(lines) == 1:
        # As of most people.
        said = lines[0].rstrip(b"\r\n")
    else:
        said = b"\n".join(sorted({line.rstrip(b"\r\n") for line in lines}))
    return hashlib.blake2b(header + said, digest_size=16).hexdigest()


class LookedOver(NamedTuple):
    """What a first look at a block finds.

    `flags`: of each of its people, whether they must be read whatever is known. `seen`: the others,
    to be staged.
    """

    rows: int
    flags: bytes
    seen: bytes


def look_over(columns: RegisterColumns, header: bytes, numbered: tuple[int, Block]) -> LookedOver:
    """Who a block is about, each by a fingerprint: parses nothing. Pure: runs in any process."""
    number, block = numbered
    rows, flags, seen = 0, bytearray(), list[str]()
    for position, person in enumerate(people_of(block, columns)):
        rows += len(person.lines)
        # Of a row without an identifier, to say what is wrong with it.
        flags.append(0 if person.claimed else MALFORMED)
        if person.claimed:
            raws = [raw for _, raw in person.lines if raw is not None]
            fingerprint = raw_fingerprint(header, raws)
            seen.append(f"{person.claimed}\t{fingerprint}\t{number}\t{position}\n")
    return LookedOver(rows, bytes(flags), "".join(seen).encode())


def read_people(
    reader: RowReader, header: bytes, people: Iterable[RawPerson], done: Read
) -> Iterator[ReadPerson]:
    """Parse and merge, one by one. Nobody is made of malformed rows alone."""
    for person in people:
        rows: list[RegisterRow] = []
        done.rows += len(person.lines)
        for number, raw in person.lines:
            if raw is None:
                done.leave_out(number, f"longer than {LONGEST_LINE} bytes")
                continue
            try:
                rows.append(reader.read(raw))
            except MalformedRowError as error:
                done.leave_out(number, str(error))
        if rows:
            whole = len(rows) == len(person.lines)
            raws = [raw for _, raw in person.lines if raw is not None]
            yield ReadPerson(merge_rows(rows), raw_fingerprint(header, raws) if whole else "")
