"""Imports `PS_LibreAcces_SavoirFaire`: what the people who are known here know how to do.

    rows → staged → of whom, and practised? → what differs? → guard → merge → snapshots

Nobody enters or leaves by it, and no profession. What it says is kept beside what the register of
people says of savoir-faire, and shown together, each once.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Final

import structlog
from django.db import transaction

from idp.core import clock
from idp.directory.flows.batches import close_interrupted, last_import, new_batch, running
from idp.directory.flows.importing import ImportSummary, Options, guard, refuse_test_identities
from idp.directory.flows.read_rows import well_formed
from idp.directory.gateways import bulk, merge_savoir_faire, savoir_faire
from idp.directory.gateways.merge_practices import Change
from idp.directory.gateways.register_file import SAVOIR_FAIRE, first_line, open_register
from idp.directory.models import ImportBatch, Person
from idp.directory.rules.copy_rows import Lines
from idp.directory.rules.merge import JSON
from idp.directory.rules.register_columns import RegisterColumns
from idp.directory.rules.register_row import RowReader
from idp.directory.rules.savoir_faire import KIND, Source, with_savoir_faire
from idp.directory.rules.stored_rows import STAGED_SAVOIR_FAIRE

log = structlog.get_logger(__name__)

_TOGETHER: Final = 500
_STAGED_BYTES: Final = 1 << 20


def import_savoir_faire(*, path: Path, options: Options) -> ImportSummary:
    """Bring savoir-faire to what the file says, or raise `RefusedFileError`: all or nothing.

    `created`, `changed`, `ended`: people of whom it had said none, says others, says none any more.
    """
    refuse_test_identities(options)
    with bulk.only_import():
        close_interrupted()
        batch = new_batch(path, KIND, options, member=SAVOIR_FAIRE)
        with bulk.staging(STAGED_SAVOIR_FAIRE), running(batch):
            summary = _import(path, batch, options)
    if summary.skipped:
        return summary
    log.info(
        "savoir_faire_imported", file=path.name, batch=summary.batch, rows=summary.rows,
        created=summary.created, changed=summary.changed, unchanged=summary.unchanged,
        ended=summary.ended, malformed_rows=summary.malformed_rows, **summary.left_out,
    )  # fmt: skip
    return summary


def render_shown(at: object) -> int:
    """Render whose savoir-faire moved: how many they are."""
    count = 0
    for people in merge_savoir_faire.shown_people(_TOGETHER):
        lines = Lines(STAGED_SAVOIR_FAIRE)
        live = savoir_faire.live_of(people, *Source)
        snapshots = Person.objects.filter(pk__in=people).values_list("pk", "snapshot")
        for person_id, snapshot in snapshots:
            rendered = with_savoir_faire(snapshot, live.get(person_id, {}))
            lines.add("rendered", person_id.hex, JSON.encode(rendered))
        count += len(people)
        for table, rows in lines.rows().items():
            bulk.load(table, rows)
    merge_savoir_faire.replace_snapshots(at)
    return count


def _import(path: Path, batch: ImportBatch, options: Options) -> ImportSummary:
    summary = ImportSummary(batch=batch.pk)
    _stage(path, summary, options)
    with transaction.atomic():
        _merge(batch, summary, options)
        # People may have changed since: the very file of the last import may say more now.
        last = last_import(KIND)
        if last and last.sha256 == batch.sha256 and not _moved(summary):
            batch.delete()
            summary.batch, summary.skipped = last.pk, True
        else:
            batch.state, batch.finished_at = ImportBatch.State.DONE, clock.now()
            batch.counts = asdict(summary)
            batch.save()
    return summary


def _merge(batch: ImportBatch, summary: ImportSummary, options: Options) -> None:
    summary.left_out = merge_savoir_faire.find_listed()
    known = merge_savoir_faire.known_people(test_identities=options.test_identities)
    became = merge_savoir_faire.find_differences(test_identities=options.test_identities)
    for what, people in became.items():
        summary.count(what, people)
    summary.unchanged = merge_savoir_faire.listed_people() - summary.created - summary.changed
    guard(known, summary, options)
    if _moved(summary):
        options.progress("writing", 0)
        change = Change.of(batch, clock.now())
        merge_savoir_faire.merge(change)
        render_shown(change.at)


def _stage(path: Path, summary: ImportSummary, options: Options) -> None:
    with open_register(path, SAVOIR_FAIRE) as lines:
        columns = RegisterColumns.of_savoir_faire(first_line(lines))
        staged, size, done = Lines(STAGED_SAVOIR_FAIRE), 0, 0
        reader = RowReader(columns, test_identities=options.test_identities)
        rows = well_formed(lines, columns, reader.read_savoir_faire, summary)
        for row, length in rows:
            staged.add("said", *row)
            size, done = size + length, done + length
            if size > _STAGED_BYTES:
                options.progress("reading", done)
                _load(staged)
                staged, size = Lines(STAGED_SAVOIR_FAIRE), 0
        _load(staged)


def _load(lines: Lines) -> None:
    for table, rows in lines.rows().items():
        bulk.load(table, rows)


def _moved(summary: ImportSummary) -> int:
    return summary.created + summary.changed + summary.ended
