"""The set-based half of an import: what differs, and the one transaction that makes it so."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from django.db import connection

from idp.directory.gateways.merge_practices import Change, merge_practices
from idp.directory.models import ImportBatch, Person
from idp.directory.rules.stored_rows import STAGED

NEW, CHANGED, SCATTERED = 1, 2, 3

# What is said under a former identifier (quality > 1) never counts as a change.
_VERDICTS: Final = """
SELECT s.ordinal, CASE WHEN a.id IS NULL THEN 1 ELSE 2 END
FROM staged_seen s
LEFT JOIN directory_alternativeidentifier a ON a.identifier = s.ident
LEFT JOIN directory_person p ON p.id = a.person_id
WHERE s.ident NOT IN (SELECT ident FROM staged_seen GROUP BY ident HAVING count(*) > 1)
AND (a.id IS NULL OR a.quality = 1 AND (p.raw_fingerprint <> s.raw_fingerprint
      OR p.raw_fingerprint = '' OR p.left_register_at IS NOT NULL OR p.source <> %s))
"""
# RG01: ADELI numbers that vanish end nobody, nor do PSI and EDIT identities.
_ENDED: Final = """
FROM directory_person p WHERE p.source = %s AND p.is_test = %s AND p.left_register_at IS NULL
AND p.national_id LIKE '8%%'
AND NOT EXISTS (SELECT 1 FROM staged_seen s JOIN directory_alternativeidentifier a
                ON a.identifier = s.ident WHERE a.person_id = p.id)
"""
_KEPT: Final = "snapshot, fingerprint, raw_fingerprint, source, left_register_at, updated_at"


def verdicts(source: str) -> Iterator[tuple[int, int]]:
    """Ordinals of the people to read: NEW or CHANGED."""
    with connection.chunked_cursor() as cursor:
        cursor.execute(_VERDICTS, [source])
        while rows := cursor.fetchmany(5000):
            yield from rows


def scattered() -> set[str]:
    """Who appears again after somebody else."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT ident FROM staged_seen GROUP BY ident HAVING count(*) > 1")
        return {ident for (ident,) in cursor.fetchall()}


def seen_people() -> int:
    """How many people the file is about."""
    return int(_scalar("SELECT count(DISTINCT ident) FROM staged_seen"))


def ended(source: str, *, test_identities: bool) -> Counter[str]:
    """Who would end, by first profession."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(e.code_profession, ''), count(*) FROM directory_exercice e "
            "WHERE e.rank = 0 AND e.until IS NULL AND e.person_id IN (SELECT p.id "
            + _ENDED
            + ") GROUP BY 1",
            [source, test_identities],
        )
        return Counter(dict(cursor.fetchall()))


def active_people(source: str, *, test_identities: bool) -> int:
    """How many people of this source are in the register."""
    return Person.objects.filter(
        source=source, is_test=test_identities, left_register_at=None
    ).count()


def merge(batch: ImportBatch, instant: datetime, *, test_identities: bool, ends: bool) -> None:
    """Make it so; the caller's transaction lets readers see all of it or nothing."""
    change = Change.of(batch, instant)
    with connection.cursor() as cursor:
        _remember(cursor, batch, test_identities=test_identities, ends=ends)
        if ends:
            gone = "(SELECT p.id " + _ENDED + ")"
            for table in ("exercice", "practice"):
                cursor.execute(
                    f"UPDATE directory_{table} SET until = %s, ended_by = %s "
                    f"WHERE until IS NULL AND person_id IN {gone}",
                    [change.day, change.batch, batch.kind, test_identities],
                )
            cursor.execute(
                "UPDATE directory_person SET left_register_at = %s, raw_fingerprint = '' "
                f"WHERE id IN {gone}",
                [change.at, batch.kind, test_identities],
            )
        cursor.execute(
            "UPDATE directory_person SET raw_fingerprint = s.raw_fingerprint, source = %s "
            "FROM staged_same s WHERE directory_person.id = s.id",
            [batch.kind],
        )
        _replace_people(cursor, batch.kind, change.at)
        merge_practices(cursor, change)


def _remember(cursor: Any, batch: ImportBatch, *, test_identities: bool, ends: bool) -> None:
    into = (
        "INSERT INTO directory_formerstate (batch_id, person_id, " + _KEPT + ") SELECT %s, p.id, "
    )
    kept = ", ".join(f"p.{name.strip()}" for name in _KEPT.split(","))
    if ends:
        cursor.execute(into + kept + _ENDED, [batch.pk, batch.kind, test_identities])
    cursor.execute(
        into + kept + " FROM directory_person p JOIN staged_person s ON s.id = p.id", [batch.pk]
    )


def _replace_people(cursor: Any, source: str, at: Any) -> None:
    plain = ("family_name", "given_names", "civility", "snapshot", "fingerprint", "raw_fingerprint")
    cursor.execute(
        f"UPDATE directory_person SET {', '.join(f'{name} = s.{name}' for name in plain)}, "
        "source = %s, left_register_at = NULL, updated_at = %s "
        "FROM staged_person s WHERE directory_person.id = s.id AND s.is_new = 0",
        [source, at],
    )
    given: dict[str, Any] = {"source": source, "created_at": at, "updated_at": at}
    for field in Person._meta.concrete_fields:
        column = str(field.column)
        if column not in STAGED["person"] and column not in given:
            given[column] = field.get_db_prep_save(field.get_default(), connection)
    staged = ("id", "national_id", "is_test", *plain)
    cursor.execute(
        f"INSERT INTO directory_person ({', '.join((*staged, *given))}) "
        f"SELECT {', '.join(staged)}, {', '.join(['%s'] * len(given))} "
        "FROM staged_person WHERE is_new = 1",
        list(given.values()),
    )
    cursor.execute(
        "INSERT INTO directory_alternativeidentifier (person_id, identifier, origin, quality) "
        "SELECT id, national_id, origin, 1 FROM staged_person WHERE is_new = 1"
    )
    # After the persons that they point to. Those who enter had no former state.
    cursor.execute(
        "INSERT INTO directory_formerstate (batch_id, person_id, fingerprint, raw_fingerprint, "
        "source) SELECT b.id, s.id, '', '', '' FROM staged_person s, directory_importbatch b "
        "WHERE s.is_new = 1 AND b.state = 'running' AND EXISTS ("
        "SELECT 1 FROM directory_importbatch e WHERE e.state = 'done' AND e.kind = b.kind)"
    )


def _scalar(statement: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0]
