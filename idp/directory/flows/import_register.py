"""Imports a register file: look over it, read who differs, make it so in one transaction.

    file → blocks of people (fingerprinted) → staged → who differs? → read → staged → guard → merge

The first file of all has nobody to be compared with, and is read once.

Readers see the register of yesterday until the transaction ends, then that of today. An import that
is killed leaves a batch that never finished, and nothing else: the next one starts over.
"""

import secrets
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from idp.core import clock
from idp.directory.flows.batches import (
    close_interrupted,
    forget_former,
    last_import,
    new_batch,
    outage,
    remembers,
    running,
)
from idp.directory.flows.importing import ImportSummary, Options, guard, refuse_test_identities
from idp.directory.flows.read_people import Flags, Reading, written_at
from idp.directory.gateways import bulk, issued_cards, merge_staged
from idp.directory.gateways.merge_practices import Change
from idp.directory.gateways.processes import Processes
from idp.directory.gateways.register_file import first_line, open_register
from idp.directory.models import ImportBatch
from idp.directory.rules.raw_people import CHANGED, SCATTERED, header_digest
from idp.directory.rules.register_columns import RegisterColumns
from idp.directory.rules.stored_rows import Stamp, StoredChunk
from idp.directory.rules.subjects import ENTROPY_BYTES

log = structlog.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Found:
    """What a first look over a file finds.

    `unchanged`: people who need not be read; `known`: how many of the register this kind of file
    may change or end; `ended`: who is no longer in it, by profession.
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
    with bulk.only_import():
        close_interrupted()
        batch = new_batch(path, options.source or columns.kind, options)
        if same := _same_file(batch, digest):
            return same
        with bulk.staging(), running(batch), Processes(bulk.right_of_way()) as processes:
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
        # Nothing is left to read; what follows is the database's work.
        reading.processes.release()
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
        remembers=remembers(batch),
        entropy=secrets.token_bytes(ENTROPY_BYTES),
    )


def _look_over(reading: Reading, batch: ImportBatch, options: Options) -> Found:
    """Compare the file with what is known."""
    found, appearances, read_anyway, changed = Found(), 0, 0, 0
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
        changed += differing[2] == CHANGED
        found.flags.set(*differing)
    found.unchanged = appearances - len(scattered) - read_anyway
    # Before newcomers are among them; the few people of a sandbox guard nothing.
    active = merge_staged.active_people(batch.kind, test_identities=options.test_identities)
    if merge_staged.is_anybody_known(batch.kind):
        # Who is known by files of other kinds is changed by this one too.
        found.known = max(active, found.unchanged + changed)
    if options.ends_absent:
        found.ended = merge_staged.find_gone(batch.kind, test_identities=options.test_identities)
    return found


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
