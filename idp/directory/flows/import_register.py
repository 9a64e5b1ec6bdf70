"""Imports a register file: look over it, read who differs, make it so in one transaction.

    file → blocks of people (fingerprinted) → staged → who differs? → read → staged → guard → merge

The first file of all has nobody to be compared with, and is read once.

Readers see the register of yesterday until the transaction ends, then that of today. An import that
is killed leaves a batch that never finished, and nothing else: the next one starts over.
"""

import hashlib
import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction

from idp.core import clock
from idp.core.errors import IdpError
from idp.core.right_of_way import file_of
from idp.directory.flows.batches import close_interrupted, outage, running
from idp.directory.flows.read_people import Flags, Reading, written_at
from idp.directory.gateways import bulk, issued_cards, merge_staged
from idp.directory.gateways.merge_practices import Change
from idp.directory.gateways.processes import Processes
from idp.directory.gateways.register_file import first_line, open_register
from idp.directory.models import FormerState, ImportBatch
from idp.directory.rules.raw_people import NAMED_ROWS, SCATTERED, header_digest
from idp.directory.rules.register_columns import RefusedFileError, RegisterColumns
from idp.directory.rules.stored_rows import Stamp, StoredChunk
from idp.directory.rules.subjects import ENTROPY_BYTES

log = structlog.get_logger(__name__)

# Of the people known: what more than that changes or ends is more likely a bad file than news.
GUARD: Final = 0.05
# How many imports can be taken back, the last first.
KEPT_BATCHES: Final = 7
# A millisecond or two of work.
_HASHED_TOGETHER: Final = 1 << 20
Progress = Callable[[str, int], None]


@dataclass(slots=True, kw_only=True)
class ImportSummary:
    """What an import did. `malformed` names the first twenty rows left out: line number, reason.

    `by_profession`: created, changed and ended people by the code of their first profession.
    """

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    ended: int = 0
    malformed_rows: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)
    by_profession: dict[str, dict[str, int]] = field(default_factory=dict)
    # Well-formed rows that say nothing here, by reason: of savoir-faire alone.
    left_out: dict[str, int] = field(default_factory=dict)
    batch: int = 0
    skipped: bool = False

    def refuse_rows(self, rows: list[tuple[int, str]], *, count: int = 1) -> None:
        """Count rows that are left out, and remember the first ones."""
        self.malformed_rows += count
        # Rows of people scattered over the file are read last.
        self.malformed = sorted([*self.malformed, *rows])[:NAMED_ROWS]

    def add(self, stored: StoredChunk) -> None:
        """What became of a chunk of people."""
        self.rows += stored.read
        self.count("created", stored.created)
        self.count("changed", stored.changed)
        self.refuse_rows(stored.malformed, count=stored.malformed_rows)
        self.unchanged += stored.unchanged

    def count(self, what: str, by_profession: Counter[str]) -> None:
        """Add people that were `created`, `changed` or `ended`."""
        setattr(self, what, getattr(self, what) + by_profession.total())
        if by_profession:
            known = Counter(self.by_profession.get(what, {}))
            self.by_profession[what] = dict(sorted((known + by_profession).items()))


class NoRowError(RefusedFileError):
    """Not one row can be read: whatever the file is, it is no register; `summary` says why."""

    def __init__(self, summary: ImportSummary) -> None:
        super().__init__(
            f"none of {summary.rows} rows can be read"
            if summary.rows
            else "no row follows the first line"
        )
        self.summary = summary


class TooManyChangesError(RefusedFileError):
    """More would change or end than a day brings; `summary` says what."""

    def __init__(self, summary: ImportSummary, known: int) -> None:
        super().__init__(
            f"{summary.changed} of {known} people would change and {summary.ended} would end, "
            f"more than {GUARD:.0%}; --accept-changes imports it all the same"
        )
        self.summary = summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to import. `source` sets the people of a file apart from those of every other kind."""

    test_identities: bool = False
    accept_changes: bool = False
    allow_older: bool = False
    ends_absent: bool = True
    source: str = ""
    actor: str = ""
    progress: Progress = lambda _phase, _done: None


@dataclass(slots=True, kw_only=True)
class Found:
    """What a first look over a file finds.

    `unchanged`: people who need not be read; `known`: how many the register held; `ended`: who is
    no longer in it, by profession.
    """

    flags: Flags = field(default_factory=Flags)
    rows: int = 0
    unchanged: int = 0
    known: int = 0
    ended: Counter[str] = field(default_factory=Counter)


def import_register(
    *, path: Path, test_identities: bool = False, options: Options | None = None
) -> ImportSummary:
    """Bring the directory to what the file says; who is no longer in it has left the register.

    Raises `RefusedFileError` (and has changed nothing) when the file as a whole cannot be trusted.
    """
    options = options or Options(test_identities=test_identities)
    refuse_test_identities(options)
    with open_register(path) as lines:
        header = first_line(lines)
    columns = RegisterColumns.from_header(header)
    digest = header_digest(header, test_identities=options.test_identities)
    written = written_at(path)
    right_of_way = file_of(settings.HYGIE.data_dir)
    with bulk.only_import():
        close_interrupted()
        batch = new_batch(path, options.source or columns.kind, options)
        if same := _same_file(batch, digest):
            return same
        with bulk.staging(), running(batch), Processes(right_of_way) as processes:
            reading = Reading(
                path=path, written=written, columns=columns, header=digest,
                test_identities=options.test_identities, progress=options.progress,
                processes=processes,
            )  # fmt: skip
            summary = _import(reading, batch, options)
    log.info(
        "register_imported", file=path.name, batch=batch.pk, rows=summary.rows,
        created=summary.created, changed=summary.changed, unchanged=summary.unchanged,
        ended=summary.ended, malformed_rows=summary.malformed_rows,
    )  # fmt: skip
    return summary


def refuse_test_identities(options: Options) -> None:
    """Outside the sandbox."""
    if options.test_identities and not settings.HYGIE.is_sandbox:
        raise IdpError(
            "test_identities_forbidden",
            "Les identités de test n’existent qu’en mode bac à sable.",
            status=403,
        )


def _import(reading: Reading, batch: ImportBatch, options: Options) -> ImportSummary:
    if not merge_staged.is_anybody_known(batch.kind):
        # Nobody to compare with: the file is read once.
        try:
            return _store(reading, batch, options)
        except IntegrityError as error:
            # Somebody appears again after somebody else, or is of the sandbox.
            log.info("register_read_again", file=reading.path.name, reason=outage(error))
    found = _look_over(reading, batch, options)
    try:
        return _store(reading, batch, options, found)
    except IntegrityError:
        # Somebody whom the first reading did not meet: another file than the one it read.
        reading.refuse_changed()
        raise


def _store(
    reading: Reading, batch: ImportBatch, options: Options, found: Found | None = None
) -> ImportSummary:
    """All or nothing. Without `found`, everybody is a newcomer."""
    summary = ImportSummary(batch=batch.pk)
    with transaction.atomic():
        change = Change.of(batch, clock.now())
        stamp = _stamp(batch, change)
        places = bulk.Places()
        for stored in reading.differing(found.flags, stamp) if found else reading.everybody(stamp):
            _load(stored, places)
            summary.add(stored)
        reading.refuse_changed()
        known = 0
        if found:
            known = found.known
            summary.rows = found.rows
            summary.unchanged += found.unchanged
            summary.count("ended", found.ended)
        guard(known, summary, options)
        options.progress("writing", 0)
        # A first import joins what it entered with nothing.
        bulk.analyze_staged(have_entered=0 < known < 10 * summary.created)
        merge_staged.merge(batch, change)
        issued_cards.give_holders(clock.now())
        batch.state, batch.finished_at = ImportBatch.State.DONE, clock.now()
        batch.counts = {**asdict(summary), "reading": reading.header.hex()}
        batch.save()
        forget_former(batch.kind)
    return summary


def _load(stored: StoredChunk, places: bulk.Places) -> None:
    for table, rows in stored.entering.items():
        bulk.enter(table, rows)
    for table, rows in stored.rows.items():
        bulk.load(table, rows)
    places.load(stored.structures)


def _stamp(batch: ImportBatch, change: Change) -> Stamp:
    return Stamp(
        batch=batch.pk,
        source=batch.kind,
        day=change.day.isoformat(),
        at=str(change.at),
        remembers=last_import(batch.kind) is not None,
        entropy=secrets.token_bytes(ENTROPY_BYTES),
    )


def forget_former(kind: str) -> None:
    """Of all but the last imports: what people were before them."""
    done = ImportBatch.objects.filter(kind=kind, state=ImportBatch.State.DONE).order_by("-pk")
    kept = done.values_list("pk", flat=True)[:KEPT_BATCHES]
    FormerState.objects.filter(batch__kind=kind).exclude(batch__in=list(kept)).delete()


def guard(known: int, summary: ImportSummary, options: Options) -> None:
    """Refuse a file by which more of the people known would change or end than a day brings."""
    refuse_unreadable(summary)
    too_many = summary.changed + summary.ended > GUARD * known
    if known and too_many and not options.accept_changes:
        raise TooManyChangesError(summary, known)


def refuse_unreadable(summary: ImportSummary) -> None:
    """Refuse a file without a row that can be read, even where changes are accepted."""
    if summary.malformed_rows == summary.rows:
        raise NoRowError(summary)


def _look_over(reading: Reading, batch: ImportBatch, options: Options) -> Found:
    """Compare the file with what is known."""
    found, appearances, read_anyway = Found(), 0, 0
    for looked in reading.looked_over():
        found.rows += looked.rows
        appearances += looked.flags.count(0)
        found.flags.of.append(bytearray(looked.flags))
        if looked.seen:
            bulk.load("seen", looked.seen)
    bulk.index_staged()
    scattered = merge_staged.scattered()
    for _, block, position in scattered:
        found.flags.set(block, position, SCATTERED)
    for differing in merge_staged.verdicts(batch.kind):
        read_anyway += 1
        found.flags.set(*differing)
    found.unchanged = appearances - len(scattered) - read_anyway
    # Before newcomers are among them.
    found.known = merge_staged.active_people(batch.kind, test_identities=options.test_identities)
    if options.ends_absent:
        found.ended = merge_staged.find_gone(batch.kind, test_identities=options.test_identities)
    return found


def new_batch(path: Path, kind: str, options: Options) -> ImportBatch:
    """The batch of this file, unsaved; refused when the file is older than the last."""
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASHED_TOGETHER):
            bulk.give_way()
            sha256.update(block)
    batch = ImportBatch(
        kind=kind, file_name=path.name[:255], sha256=sha256.hexdigest(),
        file_date=_date_of(path.name), started_at=clock.now(), actor=options.actor[:64],
    )  # fmt: skip
    last = last_import(kind)
    dates = (batch.file_date, last.file_date if last else None)
    if not options.allow_older and dates[0] and dates[1] and dates[0] < dates[1]:
        raise RefusedFileError(
            f"older than the last import, of {dates[1]:%Y-%m-%d %H:%M}; "
            "--allow-older imports it all the same"
        )
    return batch


def _date_of(name: str) -> datetime | None:
    """`…_202611240730.txt`: the date at which the register wrote the file, where the name says."""
    found = re.search(r"_(20\d{6})(\d{4})?", name)
    try:
        return (
            datetime.strptime(found[1] + (found[2] or "0000"), "%Y%m%d%H%M").replace(tzinfo=UTC)
            if found
            else None
        )
    except ValueError:
        return None


def last_import(kind: str) -> ImportBatch | None:
    """The last one that was finished, of this kind."""
    return ImportBatch.objects.filter(kind=kind, state=ImportBatch.State.DONE).order_by("pk").last()


def _same_file(batch: ImportBatch, digest: bytes) -> ImportSummary | None:
    last = last_import(batch.kind)
    if last is None or (last.sha256, last.counts["reading"]) != (batch.sha256, digest.hex()):
        return None
    counts: dict[str, Any] = last.counts
    return ImportSummary(
        rows=counts["rows"],
        unchanged=counts["created"] + counts["changed"] + counts["unchanged"],
        malformed_rows=counts["malformed_rows"],
        malformed=[(number, reason) for number, reason in counts["malformed"]],
        batch=last.pk,
        skipped=True,
    )
