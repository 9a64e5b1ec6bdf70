"""The row of an import: made, while it runs, and when it breaks off, in its own words, at once.

Only a process that is killed leaves a batch `running`; the next import closes it.
"""

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import structlog
from django.db import Error, connection
from django.db.models import QuerySet

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.importing import Options
from idp.directory.gateways import bulk
from idp.directory.gateways.register_file import PEOPLE, name_of
from idp.directory.models import FormerState, ImportBatch
from idp.directory.models.people import SANDBOX_SOURCE
from idp.directory.rules import card_row, savoir_faire
from idp.directory.rules.register_columns import RefusedFileError

log = structlog.get_logger(__name__)

# What breaks an import off and is not the file's fault. Nothing is half done then.
OUTAGES: Final = (Error, OSError, BrokenProcessPool)
# How many imports can be taken back, the last first.
KEPT_BATCHES: Final = 7
# The name says a time in France, and clocks differ.
_AHEAD: Final = timedelta(days=1)
# A millisecond or two of work.
_HASHED_TOGETHER: Final = 1 << 20


def new_batch(path: Path, kind: str, options: Options, *, member: str = PEOPLE) -> ImportBatch:
    """The batch of this file, unsaved; refused when the file is older than the last.

    `member`: as `open_register` is told.
    """
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASHED_TOGETHER):
            bulk.give_way()
            sha256.update(block)
    batch = ImportBatch(
        kind=kind, file_name=path.name[:255], sha256=sha256.hexdigest(),
        file_date=_date_of(name_of(path, member)) or _date_of(path.name),
        started_at=clock.now(), actor=options.actor[:64],
    )  # fmt: skip
    if batch.file_date and batch.file_date > batch.started_at + _AHEAD:
        raise RefusedFileError(f"its name says {batch.file_date:%Y-%m-%d %H:%M}, which is to come")
    # Of those that said their date.
    last = _done(kind).exclude(file_date=None).order_by("pk").last()
    dates = (batch.file_date, last and last.file_date)
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
    return _done(kind).order_by("pk").last()


def _done(kind: str) -> "QuerySet[ImportBatch]":
    return ImportBatch.objects.filter(kind=kind, state=ImportBatch.State.DONE)


def remembers(batch: ImportBatch) -> bool:
    """Whether what people were before it is kept: after the very first import, of either kind."""
    people = ImportBatch.objects.filter(state=ImportBatch.State.DONE, pk__lt=batch.pk)
    return people.exclude(kind__in=(savoir_faire.KIND, card_row.KIND, SANDBOX_SOURCE)).exists()


def forget_former(kind: str) -> None:
    """Of all but the last imports: what people were before them."""
    kept = _done(kind).order_by("-pk").values_list("pk", flat=True)[:KEPT_BATCHES]
    FormerState.objects.filter(batch__kind=kind).exclude(batch__in=list(kept)).delete()


@contextmanager
def running(batch: ImportBatch) -> Iterator[None]:
    """Saved as running; whatever ends the block with an error is its reason, and goes on.

    Inside of the staging tables, and outside of the transaction.
    """
    batch.save()
    own = connection.connection
    try:
        yield
    # Whatever it is, an interrupt too: it is noted, never swallowed.
    except BaseException as error:
        is_refusal = isinstance(error, RefusedFileError | IdpError)
        _close(batch, str(error) if is_refusal else f"broke off: {outage(error)}", own)
        raise


def outage(error: BaseException) -> str:
    """The first line: what follows may quote a row. Of what nobody foresaw, only what it is."""
    lines = str(error).splitlines() if isinstance(error, OUTAGES) else []
    return lines[0] if lines else type(error).__name__


def close_interrupted() -> None:
    """Say of imports that were killed that they were; only under the lock."""
    # The lock is ours: whoever is still marked as running was killed.
    _refuse("interrupted")


def _close(batch: ImportBatch, reason: str, own: object) -> None:
    """As well as it goes: where even this fails, the next import does it."""
    is_lost = _is_lost(own)
    try:
        _refuse(reason, pk=batch.pk)
    except Error as error:
        log.error("import_left_running", batch=batch.pk, error=type(error).__name__)
    if is_lost:
        # The lock and the staging tables went with the other: nothing is left to give back.
        connection.close()


def _is_lost(own: object) -> bool:
    """Whether the connection of the import is over; what is asked next opens another."""
    if connection.connection is not own:
        return True
    if connection.in_atomic_block or connection.is_usable():
        return False
    connection.close()
    return True


def _refuse(reason: str, **of: int) -> None:
    ImportBatch.objects.filter(state=ImportBatch.State.RUNNING, **of).update(
        state=ImportBatch.State.REFUSED, counts={"reason": reason}, finished_at=clock.now()
    )
