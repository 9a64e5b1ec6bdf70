"""Keeps the database's log short while much is stored, so that nobody else waits for it.

PostgreSQL answers a commit once its log is on disk up to there, whoever wrote it. An import writes
forty megabytes of log a second, of which the server by itself writes down what has gathered five
times a second: a commit of half a millisecond took seven (a login has six).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import structlog
from django.db import DatabaseError, connection

log = structlog.get_logger(__name__)

NAME: Final = "short log"
PAUSE_SECONDS: Final = 0.02
# An entry in the log that says nothing; where it is committed, what stands before it is on disk.
_NOTHING: Final = "SELECT pg_logical_emit_message(true, '', '')"


@contextmanager
def short_log() -> Iterator[None]:
    """While this is open, what this process stores is written down as it goes."""
    if connection.vendor != "postgresql":
        yield
        return
    stopped = threading.Event()
    # Ends with the process, however that ends.
    thread = threading.Thread(target=_write_down, args=[stopped], name=NAME, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _write_down(stopped: threading.Event) -> None:
    # A connection of this thread's own.
    try:
        with connection.cursor() as cursor:
            while not stopped.wait(PAUSE_SECONDS):
                cursor.execute(_NOTHING)
    except DatabaseError as error:
        # The import goes on; logins meanwhile are slower.
        log.warning("short_log_stopped", reason=type(error).__name__)
    finally:
        connection.close()
