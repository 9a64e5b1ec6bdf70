"""Bulk loading: the only place that asks which database this is.

Staging tables are temporary: unlogged, seen by this connection alone, gone with it however it ends.
PostgreSQL fills them by COPY, SQLite by INSERT; the merge that follows is the same SQL on both.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.db import connection

from idp.core.errors import IdpError
from idp.directory.rules.stored_rows import STAGED, values_of

# What an import fills.
_FINAL: Final = (
    *("person", "alternativeidentifier"),
    *("exercice", "savoirfaire", "practice", "structure"),
)
_LOCK: Final = 0x48794469
_SQLITE_TYPES: Final = {"uuid": "char(32)", "json": "text", "boolean": "integer"}
_POSTGRESQL_TYPES: Final = {"json": "jsonb"}


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


@contextmanager
def only_import() -> Iterator[None]:
    """Held by at most one import; given back by the system when the process dies."""
    if _is_postgresql():
        with _advisory_lock():
            yield
    else:
        with _file_lock():
            yield


@contextmanager
def _advisory_lock() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise _already_running()
        try:
            yield
        finally:
            if connection.connection is not None and not connection.needs_rollback:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


@contextmanager
def _file_lock() -> Iterator[None]:
    with Path(f"{connection.settings_dict['NAME']}.import").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _already_running() from error
        yield


def _already_running() -> IdpError:
    return IdpError("import_running", "another import is running", status=409)


@contextmanager
def staging() -> Iterator[None]:
    """The staging tables, empty at the start, none left at the end."""
    types = _POSTGRESQL_TYPES if _is_postgresql() else _SQLITE_TYPES
    with connection.cursor() as cursor:
        _drop(cursor)
        for table, columns in STAGED.items():
            body = ", ".join(f"{name} {types.get(kind, kind)}" for name, kind in columns.items())
            cursor.execute(f"CREATE TEMPORARY TABLE staged_{table} ({body})")
        try:
            yield
        finally:
            if connection.connection is not None and not connection.needs_rollback:
                _drop(cursor)


def _drop(cursor: Any) -> None:
    for table in STAGED:
        cursor.execute(f"DROP TABLE IF EXISTS staged_{table}")


def load(table: str, rows: bytes) -> None:
    """Append rows, in the text form of COPY, to a staging table."""
    columns = STAGED[table]
    with connection.cursor() as cursor:
        if _is_postgresql():
            with cursor.copy(f"COPY staged_{table} ({', '.join(columns)}) FROM STDIN") as copy:
                copy.write(rows)
        else:
            marks = ", ".join(["%s"] * len(columns))
            cursor.executemany(f"INSERT INTO staged_{table} VALUES ({marks})", [*values_of(rows)])


class Places:
    """Stages structures, each once however many people practise there."""

    def __init__(self) -> None:
        self._staged: set[str] = set()

    def load(self, structures: dict[str, str]) -> None:
        """Rows by key; what a key says first is what is kept."""
        fresh = structures.keys() - self._staged
        self._staged |= fresh
        load("structure", "".join(structures[key] for key in fresh).encode())


def index_staged() -> None:
    """Statistics and indexes that the merge needs, once the tables are full."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX staged_seen_ident ON staged_seen (ident)")
        if _is_postgresql():
            cursor.execute("ANALYZE staged_seen")
            # Yesterday's import may have filled them without the statistics having followed.
            for table in _FINAL:
                cursor.execute(f"ANALYZE directory_{table}")


def analyze_staged() -> None:
    """Statistics of what was read, so that the merge is planned for its size."""
    if _is_postgresql():
        with connection.cursor() as cursor:
            for table in STAGED:
                cursor.execute(f"ANALYZE staged_{table}")
