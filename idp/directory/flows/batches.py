"""The row of an import while it runs, and when it breaks off: in its own words, at once.

Only a process that is killed leaves a batch `running`; the next import closes it.
"""

from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import Error, connection

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import ImportBatch
from idp.directory.rules.register_columns import RefusedFileError

log = structlog.get_logger(__name__)

# What breaks an import off and is not the file's fault. Nothing is half done then.
OUTAGES: Final = (Error, OSError, BrokenProcessPool)


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
