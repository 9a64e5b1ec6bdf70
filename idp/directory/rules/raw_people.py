"""From the raw rows of people to what is stored of them: what the processes of an import compute.

Imports no Django: a process that only parses stays small.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from idp.directory.rules.merge import RegisterEntry, merge_rows
from idp.directory.rules.register_columns import RegisterColumns
from idp.directory.rules.register_row import MalformedRowError, RegisterRow, RowReader

# Raise it when what is read from a row changes: the next import then reads everybody anew.
_READING: Final = b"1"


class RawPerson(NamedTuple):
    """Lines that claim to be about one person: number and bytes (None: too long to keep)."""

    claimed: str
    lines: tuple[tuple[int, bytes | None], ...]


class ReadPerson(NamedTuple):
    """An entry with the fingerprint of its rows; `""` where rows were left out, which are then
    read, and named, at each import."""

    entry: RegisterEntry
    raw_fingerprint: str


@dataclass(slots=True, kw_only=True)
class ReadChunk:
    """People read together, and the rows left out: line number, reason."""

    people: list[ReadPerson] = field(default_factory=list)
    malformed: list[tuple[int, str]] = field(default_factory=list)


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


def read_people(
    columns: RegisterColumns, header: bytes, people: Sequence[RawPerson], *, test_identities: bool
) -> ReadChunk:
    """Parse and merge. Nobody is made of malformed rows alone."""
    chunk = ReadChunk()
    reader = RowReader(columns, test_identities=test_identities)
    for person in people:
        rows: list[RegisterRow] = []
        for number, raw in person.lines:
            if raw is None:
                chunk.malformed.append((number, "longer than 65536 bytes"))
                continue
            try:
                rows.append(reader.read(raw))
            except MalformedRowError as error:
                chunk.malformed.append((number, str(error)))
        if rows:
            whole = len(rows) == len(person.lines)
            raws = [raw for _, raw in person.lines if raw is not None]
            chunk.people.append(
                ReadPerson(
                    entry=merge_rows(rows),
                    raw_fingerprint=raw_fingerprint(header, raws) if whole else "",
                )
            )
    return chunk
