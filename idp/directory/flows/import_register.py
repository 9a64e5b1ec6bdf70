"""Imports a `PS_LibreAcces_Personne_activite` file: two streaming passes, the second one writes.

The first pass reads the whole file: a file that is refused or breaks off has changed nothing.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby, islice
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings

from idp.core.errors import IdpError
from idp.directory.flows.store_people import Stored, store_people
from idp.directory.gateways.register_file import LONGEST_LINE, Line, open_register
from idp.directory.rules.merge import RegisterEntry, merge_rows
from idp.directory.rules.register_columns import RefusedFileError, RegisterColumns
from idp.directory.rules.register_row import (
    MalformedRowError,
    RegisterRow,
    claimed_national_id,
    parse_row,
)

log = structlog.get_logger(__name__)

BATCH: Final = 500
NAMED_ROWS: Final = 20


@dataclass(slots=True, kw_only=True)
class ImportSummary:
    """What an import did. `malformed` names the first twenty rows left out: line number, reason."""

    rows: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    malformed_rows: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)

    def refuse_row(self, number: int, reason: str) -> None:
        """Count a row that is left out, and remember it among the first."""
        self.malformed_rows += 1
        if len(self.malformed) < NAMED_ROWS:
            self.malformed.append((number, reason))

    def add(self, stored: Stored) -> None:
        """Add what became of a batch."""
        self.created += stored.created
        self.changed += stored.changed
        self.unchanged += stored.unchanged


def import_register(*, path: Path, test_identities: bool = False) -> ImportSummary:
    """Bring the directory to what the file says; who is not in the file stays as they are.

    Raises `RefusedFileError` (and has changed nothing) when the file as a whole cannot be trusted.
    """
    if test_identities and not settings.HYGIE.is_sandbox:
        raise IdpError(
            "test_identities_forbidden",
            "Les identités de test n’existent qu’en mode bac à sable.",
            status=403,
        )
    with open_register(path) as lines:
        columns = _columns(lines)
        scattered = _scattered(lines, columns)
    summary = ImportSummary()
    with open_register(path) as lines:
        next(lines)
        rows = _rows(lines, columns, summary, test_identities=test_identities)
        for batch in _batches(_entries(rows, scattered)):
            summary.add(store_people(entries=batch))
    log.info(
        "register_imported",
        file=path.name,
        rows=summary.rows,
        created=summary.created,
        changed=summary.changed,
        unchanged=summary.unchanged,
        malformed_rows=summary.malformed_rows,
    )
    return summary


def _columns(lines: Iterator[Line]) -> RegisterColumns:
    header = next(lines, None)
    if header is None:
        raise RefusedFileError("the file is empty")
    if header.raw is None:
        raise RefusedFileError("the first line is no header")
    return RegisterColumns.from_header(header.raw)


def _scattered(lines: Iterable[Line], columns: RegisterColumns) -> set[str]:
    """Who appears again after somebody else. The real file is grouped by person; nothing says
    that it must be, and rows met too late would otherwise replace the first ones."""
    seen: set[bytes] = set()
    scattered: set[str] = set()
    previous = b""
    for line in lines:
        claimed = claimed_national_id(columns, line.raw) if line.raw is not None else b""
        if claimed != previous and claimed in seen:
            scattered.add(claimed.decode(errors="replace"))
        seen.add(claimed)
        previous = claimed
    return scattered


def _rows(
    lines: Iterable[Line],
    columns: RegisterColumns,
    summary: ImportSummary,
    *,
    test_identities: bool,
) -> Iterator[RegisterRow]:
    for number, raw in lines:
        summary.rows += 1
        if raw is None:
            summary.refuse_row(number, f"longer than {LONGEST_LINE} bytes")
            continue
        try:
            yield parse_row(columns, raw, test_identities=test_identities)
        except MalformedRowError as error:
            summary.refuse_row(number, str(error))


def _entries(rows: Iterable[RegisterRow], scattered: set[str]) -> Iterator[RegisterEntry]:
    held: dict[str, list[RegisterRow]] = {}
    for identifier, group in groupby(rows, key=lambda row: row.national_id.value):
        if identifier in scattered:
            held.setdefault(identifier, []).extend(group)
        else:
            yield merge_rows(group)
    yield from map(merge_rows, held.values())


def _batches(entries: Iterator[RegisterEntry]) -> Iterator[list[RegisterEntry]]:
    while batch := list(islice(entries, BATCH)):
        yield batch
