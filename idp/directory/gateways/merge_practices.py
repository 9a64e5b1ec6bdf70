"""The professions, competences, practices and places of staged people, made so set by set.

Who is staged is staged whole: what they have and is not staged has ended. An end is written down,
never a deletion; what the register repeats goes on as the row that it was.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Self

from django.db import connection

from idp.directory.models import ImportBatch
from idp.directory.rules.savoir_faire import Source
from idp.directory.rules.stored_rows import STAGED

_PROFESSION: Final = ("code_profession", "code_categorie_professionnelle")
# By what a row of a person is the same as before.
_SAME: Final = {
    "exercice": _PROFESSION,
    "practice": ("key",),
    "savoirfaire": (*_PROFESSION, "code_type", "code", "source"),
}
# What another file says is not this one's to end.
_OWN: Final = {"savoirfaire": f" AND source = '{Source.PEOPLE}'"}
_KNOWN_BEFORE: Final = "{}.person_id IN (SELECT id FROM staged_person)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Which import says it, and when it does: `day` is what practices are dated by."""

    batch: int
    day: date
    at: Any

    @classmethod
    def of(cls, batch: ImportBatch, instant: datetime) -> Self:
        """The day of the file where its name says it, else that of the import."""
        return cls(
            batch=batch.pk,
            day=(batch.file_date or instant).date(),
            at=connection.ops.adapt_datetimefield_value(instant),
        )


def merge_practices(cursor: Any, change: Change) -> None:
    """Bring what belongs to the staged people to what is staged of it."""
    _merge_structures(cursor)
    for table in _SAME:
        _end(cursor, table, change)
        _go_on(cursor, table)
        _begin(cursor, table, change)
    end_unpractised(cursor, change, "SELECT id FROM staged_person")
    _tell_practices_ended(cursor)


def end_unpractised(cursor: Any, change: Change, people: str) -> None:
    """End the savoir-faire of these people, whoever says them, of what they do not practise."""
    same = " AND ".join(f"e.{name} = directory_savoirfaire.{name}" for name in _PROFESSION)
    cursor.execute(
        "UPDATE directory_savoirfaire SET until = %s, ended_by = %s "
        f"WHERE until IS NULL AND person_id IN ({people}) AND NOT EXISTS "
        "(SELECT 1 FROM directory_exercice e WHERE e.person_id = directory_savoirfaire.person_id "
        f"AND e.until IS NULL AND {same})",
        [change.day, change.batch],
    )


def _tell_practices_ended(cursor: Any) -> None:
    """Of staged people: the day since which they practise nowhere, if they ever did.

    Who has left the register has none: that says it all.
    """
    of = "FROM directory_practice r WHERE r.person_id = directory_person.id"
    ended = (
        "CASE WHEN left_register_at IS NULL "
        f"AND NOT EXISTS (SELECT 1 {of} AND r.until IS NULL) "
        f"THEN (SELECT max(r.until) {of}) END"
    )
    cursor.execute(
        f"UPDATE directory_person SET practices_ended_on = {ended} "
        "WHERE id IN (SELECT id FROM staged_person) AND (practices_ended_on IS NOT NULL OR "
        f"NOT EXISTS (SELECT 1 {of} AND r.until IS NULL))"
    )


def _merge_structures(cursor: Any) -> None:
    # Those that are there already; the others were entered.
    columns = [name for name in STAGED["structure"] if name != "id"]
    changes = ", ".join(f"{name} = s.{name}" for name in columns)
    was, said = (", ".join(f"{of}.{name}" for name in columns) for of in ("d", "s"))
    cursor.execute(
        f"UPDATE directory_structure AS d SET {changes} "
        f"FROM staged_structure s WHERE d.id = s.id AND ({was}) <> ({said})"
    )


def _end(cursor: Any, table: str, change: Change) -> None:
    cursor.execute(
        f"UPDATE directory_{table} SET until = %s, ended_by = %s "
        f"WHERE until IS NULL AND {_KNOWN_BEFORE.format(f'directory_{table}')} AND NOT EXISTS "
        f"(SELECT 1 FROM staged_{table} s WHERE {_is_same(table)}){_OWN.get(table, '')}",
        [change.day, change.batch],
    )


def _go_on(cursor: Any, table: str) -> None:
    same = ("person_id", *_SAME[table])
    changes = ", ".join(f"{name} = s.{name}" for name in STAGED[table] if name not in same)
    if not changes:
        return
    cursor.execute(
        f"UPDATE directory_{table} SET {changes} FROM staged_{table} s "
        f"WHERE until IS NULL AND {_KNOWN_BEFORE.format(f'directory_{table}')} "
        f"AND {_is_same(table)}"
    )


def _begin(cursor: Any, table: str, change: Change) -> None:
    # First away with what goes on: a join with the table that grows could go over it for each row.
    cursor.execute(
        f"DELETE FROM staged_{table} AS s WHERE EXISTS "
        f"(SELECT 1 FROM directory_{table} WHERE until IS NULL AND {_is_same(table)})"
    )
    columns = ", ".join(STAGED[table])
    cursor.execute(
        f"INSERT INTO directory_{table} ({columns}, since, entered_by) "
        f"SELECT {columns}, %s, %s FROM staged_{table}",
        [change.day, change.batch],
    )


def _is_same(table: str) -> str:
    return " AND ".join(
        f"directory_{table}.{name} = s.{name}" for name in ("person_id", *_SAME[table])
    )
