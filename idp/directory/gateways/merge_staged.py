"""The set-based half of an import: what differs, and the one transaction that makes it so."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from idp.directory.gateways.merge_practices import Change, merge_practices
from idp.directory.models import ImportBatch, Person
from idp.directory.models.people import SANDBOX_SOURCE
from idp.directory.rules.raw_people import CHANGED, NEW

# What is said under a former identifier (quality > 1) never counts as a change.
_VERDICTS: Final = f"""
SELECT s.block, s.position, CASE WHEN a.id IS NULL THEN {NEW} ELSE {CHANGED} END,
       CASE WHEN a.id IS NULL THEN '' ELSE s.ident END
FROM staged_seen s
LEFT JOIN directory_alternativeidentifier a ON a.identifier = s.ident
LEFT JOIN directory_person p ON p.id = a.person_id
WHERE s.ident NOT IN (SELECT ident FROM staged_scattered)
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


def is_anybody_known(source: str) -> bool:
    """Whether a file of this kind, or any other but the few people of a sandbox, was imported."""
    return Person.objects.filter(~Q(source=SANDBOX_SOURCE) | Q(source=source)).exists()


def verdicts(source: str) -> Iterator[tuple[int, int, int, str]]:
    """The people to read: block, position in it, NEW or CHANGED, and the identifier of those.

    But for those whom `scattered` has found.
    """
    with connection.chunked_cursor() as cursor:
        cursor.execute(_VERDICTS, [source])
        while rows := cursor.fetchmany(5000):
            yield from rows


def scattered() -> list[tuple[str, int, int]]:
    """Each place (block, position) of whoever appears again after somebody else.

    Stages them, whom `verdicts` then leaves out.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO staged_scattered (ident) "
            "SELECT ident FROM staged_seen GROUP BY ident HAVING count(*) > 1"
        )
        cursor.execute(
            "SELECT ident, block, position FROM staged_seen "
            "WHERE ident IN (SELECT ident FROM staged_scattered)"
        )
        return [*cursor.fetchall()]


def find_gone(source: str, *, test_identities: bool) -> Counter[str]:
    """Stage who is no longer in the file: how many, by first profession."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO staged_gone (id) SELECT p.id " + _ENDED, [source, test_identities]
        )
        cursor.execute(
            "SELECT coalesce(e.code_profession, ''), count(*) FROM directory_exercice e "
            "JOIN staged_gone g ON g.id = e.person_id WHERE e.rank = 0 AND e.until IS NULL "
            "GROUP BY 1"
        )
        return Counter(dict(cursor.fetchall()))


def active_people(source: str, *, test_identities: bool) -> int:
    """How many people of this source are in the register."""
    return Person.objects.filter(
        source=source, is_test=test_identities, left_register_at=None
    ).count()


def merge(batch: ImportBatch, change: Change) -> None:
    """Make it so; the caller's transaction lets readers see all of it or nothing."""
    with connection.cursor() as cursor:
        _remember(cursor, batch)
        _let_go(cursor, change)
        cursor.execute(
            "UPDATE directory_person SET raw_fingerprint = s.raw_fingerprint, source = %s "
            "FROM staged_same s WHERE directory_person.id = s.id",
            [batch.kind],
        )
        _replace_people(cursor, batch.kind, change.at)
        merge_practices(cursor, change)


def _remember(cursor: Any, batch: ImportBatch) -> None:
    kept = ", ".join(f"p.{name.strip()}" for name in _KEPT.split(","))
    for table in ("gone", "person"):
        cursor.execute(
            f"INSERT INTO directory_formerstate (batch_id, person_id, {_KEPT}) "
            f"SELECT %s, p.id, {kept} FROM directory_person p JOIN staged_{table} s ON s.id = p.id",
            [batch.pk],
        )
    # Whom this kind of file takes over, with no other news.
    cursor.execute(
        f"INSERT INTO directory_formerstate (batch_id, person_id, {_KEPT}) "
        f"SELECT %s, p.id, {kept} FROM directory_person p JOIN staged_same s ON s.id = p.id "
        "WHERE p.source <> %s",
        [batch.pk, batch.kind],
    )


def _let_go(cursor: Any, change: Change) -> None:
    for table in ("exercice", "practice", "savoirfaire"):
        cursor.execute(
            f"UPDATE directory_{table} SET until = %s, ended_by = %s FROM staged_gone s "
            f"WHERE directory_{table}.person_id = s.id AND until IS NULL",
            [change.day, change.batch],
        )
    cursor.execute(
        "UPDATE directory_person SET left_register_at = %s, raw_fingerprint = '' "
        "FROM staged_gone s WHERE directory_person.id = s.id",
        [change.at],
    )


def _replace_people(cursor: Any, source: str, at: Any) -> None:
    plain = ("family_name", "given_names", "civility", "snapshot", "fingerprint", "raw_fingerprint")
    cursor.execute(
        f"UPDATE directory_person SET {', '.join(f'{name} = s.{name}' for name in plain)}, "
        "source = %s, left_register_at = NULL, updated_at = %s "
        "FROM staged_person s WHERE directory_person.id = s.id",
        [source, at],
    )
