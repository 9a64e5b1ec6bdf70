"""Reads the people of a file block by block, in as many processes as there is work for."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from idp.core import clock
from idp.core.identifiers import parse_national_id
from idp.directory import models
from idp.directory.gateways import savoir_faire
from idp.directory.gateways.processes import Processes
from idp.directory.gateways.register_file import last_line, open_blocks, refuse_broken_off
from idp.directory.rules.blocks import Block, RawPerson, whole_people
from idp.directory.rules.raw_people import (
    SCATTERED,
    FileChangedError,
    Flagged,
    LookedOver,
    look_over,
)
from idp.directory.rules.register_columns import RefusedFileError, RegisterColumns
from idp.directory.rules.savoir_faire import Source
from idp.directory.rules.stored_rows import Chunk, Stamp, StoredChunk, Subject, store_chunk

_TOGETHER: Final = 1000


@dataclass(slots=True)
class Flags:
    """Of each block, and of each of its people in their order: why they are read (0: they are not).

    `changed`: by block, identifiers of people who are known.
    """

    of: list[bytearray] = field(default_factory=list)
    changed: dict[int, list[str]] = field(default_factory=dict)

    def set(self, block: int, position: int, why: int, changed: str = "") -> None:
        """Of one person; `changed`: the identifier of one who is known."""
        self.of[block][position] = why
        if changed:
            self.changed.setdefault(block, []).append(changed)

    def take_changed(self, block: int) -> dict[int, list[str]]:
        """Of this block and of those that follow, as many as are asked for together."""
        taken: dict[int, list[str]] = {}
        many = 0
        while block < len(self.of) and many < _TOGETHER:
            if block in self.changed:
                taken[block] = self.changed.pop(block)
                many += len(taken[block])
            block += 1
        return taken


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A file and how it is read.

    `written`: as `written_at` said at first; `header`: a digest of all that the meaning of a row
    depends on.
    """

    path: Path
    written: tuple[int, int, int]
    columns: RegisterColumns
    header: bytes
    test_identities: bool
    progress: Callable[[str, int], None]
    processes: Processes

    def looked_over(self) -> Iterator[LookedOver]:
        """A first look at each block."""
        work = partial(look_over, self.columns, self.header)
        with self._blocks("looking over") as blocks:
            yield from self.processes.map(work, enumerate(blocks))

    def everybody(self, stamp: Stamp) -> Iterator[StoredChunk]:
        """What to store of a file in which all are newcomers."""
        with self._blocks("reading") as blocks:
            chunks = (self._chunk(Flagged(self.columns, block), {}, stamp) for block in blocks)
            yield from self.processes.map(store_chunk, chunks)

    def differing(self, flags: Flags, stamp: Stamp) -> Iterator[StoredChunk]:
        """What to store of whoever is flagged."""
        with self._blocks("reading") as blocks:
            yield from self.processes.map(store_chunk, self._flagged(blocks, flags, stamp))

    def refuse_changed(self) -> None:
        """Refuse a file that was written to since: what was found in it is found by its place."""
        if written_at(self.path) != self.written:
            raise FileChangedError

    @contextmanager
    def _blocks(self, phase: str) -> Iterator[Iterator[Block]]:
        with open_blocks(self.path) as blocks:
            yield self._told(phase, whole_people(blocks, self.columns))

    def _told(self, phase: str, blocks: Iterator[Block]) -> Iterator[Block]:
        block, done = None, 0
        for block in blocks:
            yield block
            done += len(block.content)
            self.progress(phase, done)
        refuse_broken_off(last_line(block), self.columns)

    def _flagged(self, blocks: Iterator[Block], flags: Flags, stamp: Stamp) -> Iterator[Chunk]:
        scattered: dict[str, list[tuple[int, bytes | None]]] = {}
        known: dict[int, dict[str, Subject]] = {}
        for number, block in enumerate(blocks):
            if number == len(flags.of):
                raise FileChangedError
            of = bytes(flags.of[number])
            if SCATTERED in of:
                for person in Flagged(self.columns, block, of, frozenset({SCATTERED})):
                    scattered.setdefault(person.claimed, []).extend(person.lines)
            if number in flags.changed:
                known = _known_by_block(flags.take_changed(number))
            if any(of):
                people = Flagged(self.columns, block, of)
                yield self._chunk(people, known.pop(number, {}), stamp)
        again = [RawPerson(claimed, tuple(lines)) for claimed, lines in scattered.items()]
        for start in range(0, len(again), _TOGETHER):
            some = again[start : start + _TOGETHER]
            yield self._chunk(some, _known([person.claimed for person in some]), stamp)

    def _chunk(
        self, people: Sequence[RawPerson] | Flagged, known: dict[str, Subject], stamp: Stamp
    ) -> Chunk:
        return Chunk(
            columns=self.columns,
            header=self.header,
            test_identities=self.test_identities,
            people=people,
            known=known,
            stamp=stamp,
            milliseconds=int(clock.now().timestamp() * 1000),
        )


def written_at(path: Path) -> tuple[int, int, int]:
    """Equal as long as nobody writes to the file: its number, size and time."""
    try:
        found = path.stat()
    except OSError as error:
        raise RefusedFileError(f"cannot be read: {error}") from error
    return found.st_ino, found.st_size, found.st_mtime_ns


def _known_by_block(changed: dict[int, list[str]]) -> dict[int, dict[str, Subject]]:
    known = _known([*chain.from_iterable(changed.values())])
    return {
        block: {claimed: known[claimed] for claimed in of if claimed in known}
        for block, of in changed.items()
    }


def _known(claimed: Sequence[str]) -> dict[str, Subject]:
    """Who is known, with all their identifiers; nobody who is known under a former one."""
    if not claimed:
        return {}
    main = models.AlternativeIdentifier.objects.filter(identifier__in=claimed)
    people = (
        models.Person.objects.filter(pk__in=main.values("person"))
        .prefetch_related("alternative_identifiers")
        .defer("snapshot")
    )
    found = {}
    listed = savoir_faire.live_of([person.pk for person in people], Source.LIST)
    for person in people:
        identifiers = sorted(person.alternative_identifiers.all(), key=lambda row: row.quality)
        for each in identifiers:
            found[each.identifier] = Subject(
                person_id=person.pk.hex,
                main=parse_national_id(person.national_id),
                identifiers=[(row.identifier, row.origin, row.quality) for row in identifiers],
                fingerprint=person.fingerprint,
                is_former=each.quality != 1,
                has_left=person.left_register_at is not None,
                listed=listed.get(person.pk, {}),
            )
    return found
