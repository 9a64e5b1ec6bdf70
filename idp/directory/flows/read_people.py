"""Reads the people of a file who differ, in as many processes as there is work for."""

import multiprocessing
import os
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Final

from idp.core import clock
from idp.core.identifiers import parse_national_id
from idp.directory import models
from idp.directory.gateways import merge_staged, savoir_faire
from idp.directory.gateways.processes import begin
from idp.directory.gateways.register_file import Line, open_register
from idp.directory.rules.raw_people import RawPerson
from idp.directory.rules.register_columns import RefusedFileError, RegisterColumns
from idp.directory.rules.register_row import claimed_national_id
from idp.directory.rules.savoir_faire import Source
from idp.directory.rules.stored_rows import Chunk, Stamp, StoredChunk, Subject, store_chunk

CHUNK: Final = 1000
# Starting processes costs more than reading so few people.
_ALONE: Final = 20_000
_IDENTIFIER = re.compile(rb"[0-9A-Za-z/-]{1,64}")


class FileChangedError(RefusedFileError):
    """The second reading is not of what the first one saw."""

    def __init__(self) -> None:
        super().__init__("the file was changed while it was read")


@dataclass(slots=True)
class Flags:
    """For each group of rows, in the order of the file: whether it must be read.

    `known` are the groups whose identifier can be looked up; of the others every row is read, to
    say what is wrong with it.
    """

    all: bytearray = field(default_factory=bytearray)
    known: bytearray = field(default_factory=bytearray)


def groups(lines: Iterable[Line], columns: RegisterColumns) -> Iterator[RawPerson]:
    """Rows that follow one another and claim to be about the same person."""
    before, claimed, rows = b"", "", list[tuple[int, bytes | None]]()
    for number, raw in lines:
        named = claimed_national_id(columns, raw) if raw is not None else b""
        if rows and (named != before or not claimed):
            yield RawPerson(claimed, tuple(rows))
            rows = []
        if not rows:
            claimed = named.decode() if _IDENTIFIER.fullmatch(named) else ""
        before = named
        rows.append((number, raw))
    if rows:
        yield RawPerson(claimed, tuple(rows))


def read_differing(
    *,
    path: Path,
    columns: RegisterColumns,
    header: bytes,
    flags: Flags,
    scattered: set[str],
    stamp: Stamp,
    test_identities: bool,
    progress: Callable[[str, int], None],
) -> Iterator[StoredChunk]:
    """What to store of everybody who is flagged or scattered over the file."""
    with open_register(path) as lines:
        next(lines)
        people = _differing(lines, columns, flags, scattered, progress)
        chunks = _chunks(people, columns, header, stamp, test_identities=test_identities)
        work = len(flags.all) - flags.all.count(0)
        yield from map(store_chunk, chunks) if work < _ALONE else _side_by_side(chunks)


def _side_by_side(chunks: Iterator[Chunk]) -> Iterator[StoredChunk]:
    # Processes of their own, not forks: a fork would share the connections to the database.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["idp.directory.rules.stored_rows"])
    workers = min(os.cpu_count() or 1, 4)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=begin) as pool:
        waiting: deque[Future[StoredChunk]] = deque()
        try:
            for chunk in chunks:
                waiting.append(_submitted(pool, chunk))
                if len(waiting) >= 3 * workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        # A pool that broke, an interrupt: whatever it is, nobody asks for the rest.
        except BaseException:
            # One that was started while the pool broke would be waited for without end.
            for process in multiprocessing.active_children():
                process.kill()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _submitted(pool: ProcessPoolExecutor, chunk: Chunk) -> Future[StoredChunk]:
    try:
        return pool.submit(store_chunk, chunk)
    except OSError as error:
        # A pool that is just breaking has closed its pipes: not the file's fault.
        raise BrokenProcessPool("a process beside the import was killed") from error


def _differing(
    lines: Iterator[Line],
    columns: RegisterColumns,
    flags: Flags,
    scattered: set[str],
    progress: Callable[[str, int], None],
) -> Iterator[tuple[RawPerson, int]]:
    from_elsewhere: dict[str, list[tuple[int, bytes | None]]] = {}
    done = 0
    for ordinal, person in enumerate(groups(lines, columns)):
        done += sum(len(raw or b"") for _, raw in person.lines)
        if not ordinal % 4096:
            progress("reading", done)
        if ordinal == len(flags.all):
            raise FileChangedError
        if person.claimed in scattered:
            from_elsewhere.setdefault(person.claimed, []).extend(person.lines)
        elif flags.all[ordinal]:
            yield person, flags.all[ordinal]
    for claimed, rows in from_elsewhere.items():
        yield RawPerson(claimed, tuple(rows)), merge_staged.SCATTERED


def _chunks(
    people: Iterator[tuple[RawPerson, int]],
    columns: RegisterColumns,
    header: bytes,
    stamp: Stamp,
    *,
    test_identities: bool,
) -> Iterator[Chunk]:
    while batch := list(islice(people, CHUNK)):
        known = [person.claimed for person, flag in batch if flag != merge_staged.NEW]
        yield Chunk(
            columns=columns,
            header=header,
            test_identities=test_identities,
            people=[person for person, _ in batch],
            known=_known(known) if known else {},
            stamp=stamp,
            milliseconds=int(clock.now().timestamp() * 1000),
        )


def _known(claimed: list[str]) -> dict[str, Subject]:
    """Who is known, with all their identifiers; nobody who is known under a former one."""
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
                person_id=person.pk,
                main=parse_national_id(person.national_id),
                identifiers=[(row.identifier, row.origin, row.quality) for row in identifiers],
                fingerprint=person.fingerprint,
                is_former=each.quality != 1,
                has_left=person.left_register_at is not None,
                listed=listed.get(person.pk, {}),
            )
    return found
