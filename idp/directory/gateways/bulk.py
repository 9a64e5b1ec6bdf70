"""Bulk loading: the only place that asks which database this is.

Staging tables are temporary: unlogged, seen by this connection alone, gone with it however it ends.
PostgreSQL fills them by COPY, SQLite by INSERT; the merge that follows is the same SQL on both.
"""

import fcntl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import connection

from idp.core.errors import IdpError
from idp.core.right_of_way import file_of, work_at
from idp.directory.gateways.short_log import short_log
from idp.directory.rules.copy_rows import values_of, whole_lines
from idp.directory.rules.stored_rows import ENTERING, STAGED, STAGED_SAVOIR_FAIRE

# Columns and their types, by table.
Tables = Mapping[str, Mapping[str, str]]
# What an import fills, with the columns that it compares and joins by.
_PROFESSION: Final = "person_id, code_profession, code_categorie_professionnelle, until"
_FINAL: Final = (
    "directory_person (id, national_id, source, left_register_at)",
    "directory_alternativeidentifier (person_id, identifier, quality)",
    f"directory_exercice ({_PROFESSION})",
    f"directory_savoirfaire ({_PROFESSION}, code_type, code, source)",
    "directory_practice (person_id, key, until)",
    "directory_structure (id)",
)
# For what joins millions with millions, at least; a server's setting may be for small questions.
_WORK_MEMORY: Final = "32MB"
# Bytes. The database has a few milliseconds of work with them, at which it cannot be stopped.
_COPIED_TOGETHER: Final = 100_000
_LOCK: Final = 0x48794469
_SQLITE_TYPES: Final = {"uuid": "char(32)", "boolean": "integer"}


def _is_postgresql() -> bool:
    return connection.vendor == "postgresql"


@contextmanager
def only_import() -> Iterator[None]:
    """Held by at most one import; given back by the system when the process dies."""
    if _is_postgresql():
        with _advisory_lock(), _work_memory(), short_log():
            yield
    else:
        with _file_lock():
            yield


def right_of_way() -> Path | None:
    """By which whoever serves people goes first; None where they would wait for the import to end.

    On SQLite they do, for its transaction.
    """
    return file_of(settings.HYGIE.data_dir) if _is_postgresql() else None


def give_way() -> None:
    """Stand still while people are served on this machine."""
    if path := right_of_way():
        work_at(path).give()


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
def _work_memory() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('work_mem', %s, false) "
            "WHERE pg_size_bytes(current_setting('work_mem')) < pg_size_bytes(%s)",
            [_WORK_MEMORY, _WORK_MEMORY],
        )
        try:
            yield
        finally:
            if connection.connection is not None and not connection.needs_rollback:
                cursor.execute("RESET work_mem")


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
def staging(tables: Tables = STAGED) -> Iterator[None]:
    """These staging tables, empty at the start, none left at the end."""
    types: dict[str, str] = {} if _is_postgresql() else _SQLITE_TYPES
    with connection.cursor() as cursor:
        _drop(cursor, tables)
        for table, columns in tables.items():
            body = ", ".join(f"{name} {types.get(kind, kind)}" for name, kind in columns.items())
            cursor.execute(f"CREATE TEMPORARY TABLE staged_{table} ({body})")
        try:
            yield
        finally:
            if connection.connection is not None and not connection.needs_rollback:
                _drop(cursor, tables)


def _drop(cursor: Any, tables: Tables) -> None:
    for table in tables:
        cursor.execute(f"DROP TABLE IF EXISTS staged_{table}")


def load(table: str, rows: bytes) -> None:
    """Append rows, in the text form of COPY, to a staging table."""
    columns = STAGED.get(table) or STAGED_SAVOIR_FAIRE[table]
    _copy(f"staged_{table}", columns, rows)


def enter(table: str, rows: bytes) -> None:
    """Append rows of newcomers to where they stay."""
    _copy(f"directory_{table}", ENTERING[table], rows)


def _copy(table: str, names: Iterable[str], rows: bytes) -> None:
    columns = [*names]
    with connection.cursor() as cursor:
        if _is_postgresql():
            statement = f"COPY {table} ({', '.join(columns)}) FROM STDIN"
            for some in whole_lines(rows, _COPIED_TOGETHER):
                give_way()
                # The driver's own: Django's cursors know no COPY, nor what it raises.
                with connection.wrap_database_errors, cursor.copy(statement) as copy:
                    copy.write(some)
        else:
            marks = ", ".join(["%s"] * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
            cursor.executemany(statement, [*values_of(rows)])


class Places:
    """Stores structures, each once however many people practise there.

    Those that are there already are staged, for they may have changed.
    """

    def __init__(self) -> None:
        with connection.chunked_cursor() as cursor:
            cursor.execute("SELECT CAST(id AS text) FROM directory_structure")
            # Sixteen bytes each: there are a million.
            self._known: set[bytes] = set()
            while rows := cursor.fetchmany(5000):
                self._known.update(bytes.fromhex(place.replace("-", "")) for (place,) in rows)
        self._told: set[bytes] = set()

    def load(self, structures: dict[str, str]) -> None:
        """Rows by subject; what the first one says of a place is what is kept."""
        entering: list[str] = []
        staged: list[str] = []
        for place, row in structures.items():
            key = bytes.fromhex(place)
            if key not in self._told:
                self._told.add(key)
                (staged if key in self._known else entering).append(row)
        if entering:
            enter("structure", "".join(entering).encode())
        if staged:
            load("structure", "".join(staged).encode())


def index_staged() -> None:
    """Statistics and indexes that the merge needs, once the tables are full."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE INDEX staged_seen_ident ON staged_seen (ident)")
    # Yesterday's import may have filled them without the statistics having followed.
    analyze("staged_seen", *_FINAL)


def analyze_staged(*, have_entered: bool) -> None:
    """Statistics of what was read, so that the merge is planned for its size."""
    analyze(*(f"staged_{table}" for table in STAGED), *(_FINAL if have_entered else ()))


def analyze(*tables: str) -> None:
    """Statistics, without which tables that were just filled count as empty.

    A table may be followed by the columns that matter, in brackets: the others cost as much.
    """
    if _is_postgresql():
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {', '.join(tables)}")
