"""The set-based half of an import of savoir-faire: whose differ, and what makes it so."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.db import connection

from idp.directory.gateways import bulk
from idp.directory.gateways.merge_practices import Change, end_unpractised
from idp.directory.models import ImportBatch, SavoirFaire
from idp.directory.rules.savoir_faire import Source
from idp.directory.rules.stored_rows import STAGED_SAVOIR_FAIRE

_STORED: Final = (
    *("directory_person", "directory_alternativeidentifier"),
    *("directory_exercice", "directory_savoirfaire"),
)
_COLUMNS: Final = tuple(STAGED_SAVOIR_FAIRE["listed"])
_ROW: Final = ", ".join(_COLUMNS)
_LIVE: Final = f"d.until IS NULL AND d.source = '{Source.LIST}'"


def _same(one: str, other: str) -> str:
    return " AND ".join(f"{one}.{name} = {other}.{name}" for name in _COLUMNS)


# Who has left the register practises nothing.
_LISTED: Final = f"""
INSERT INTO staged_listed ({_ROW})
SELECT DISTINCT a.person_id, s.code_profession, s.code_categorie_professionnelle,
       s.code_type, s.code
FROM staged_said s
JOIN directory_alternativeidentifier a ON a.identifier = s.ident AND a.quality = 1
JOIN directory_exercice e ON e.person_id = a.person_id AND e.until IS NULL
AND e.code_profession = s.code_profession
AND e.code_categorie_professionnelle = s.code_categorie_professionnelle
"""
_LEFT_OUT: Final = """
SELECT CASE WHEN p.id IS NULL THEN 'unknown' WHEN a.quality > 1 THEN 'former'
       WHEN p.left_register_at IS NOT NULL THEN 'left' ELSE 'not_practised' END AS why, count(*)
FROM staged_said s
LEFT JOIN directory_alternativeidentifier a ON a.identifier = s.ident
LEFT JOIN directory_person p ON p.id = a.person_id
WHERE p.id IS NULL OR a.quality > 1 OR NOT EXISTS (
  SELECT 1 FROM staged_listed l WHERE l.person_id = p.id
  AND l.code_profession = s.code_profession
  AND l.code_categorie_professionnelle = s.code_categorie_professionnelle)
GROUP BY why
"""
_BEGUN: Final = f"""
INSERT INTO staged_begun ({_ROW}) SELECT {_ROW} FROM staged_listed l WHERE NOT EXISTS
(SELECT 1 FROM directory_savoirfaire d WHERE {_same("d", "l")} AND {_LIVE})
"""
_ENDING: Final = f"""
INSERT INTO staged_ending (id, {_ROW}) SELECT d.id, {", ".join(f"d.{name}" for name in _COLUMNS)}
FROM directory_savoirfaire d JOIN directory_person p ON p.id = d.person_id
WHERE p.is_test = %s AND {_LIVE}
AND NOT EXISTS (SELECT 1 FROM staged_listed l WHERE {_same("d", "l")})
"""
_MOVED: Final = f"SELECT {_ROW} FROM staged_begun UNION ALL SELECT {_ROW} FROM staged_ending"
# What another file says as well is shown all the same.
_SHOWN: Final = f"""
INSERT INTO staged_shown (id) SELECT DISTINCT m.person_id FROM ({_MOVED}) m WHERE NOT EXISTS
(SELECT 1 FROM directory_savoirfaire d WHERE {_same("d", "m")} AND d.until IS NULL
 AND d.source <> '{Source.LIST}')
"""
_BECAME: Final = f"""
SELECT m.became, coalesce(e.code_profession, ''), count(*) FROM (
  SELECT m.person_id, CASE
    WHEN NOT EXISTS (SELECT 1 FROM directory_savoirfaire d
                     WHERE d.person_id = m.person_id AND {_LIVE}) THEN 'created'
    WHEN EXISTS (SELECT 1 FROM staged_listed l WHERE l.person_id = m.person_id) THEN 'changed'
    ELSE 'ended' END AS became
  FROM (SELECT DISTINCT person_id FROM ({_MOVED}) each_move) m
) m LEFT JOIN directory_exercice e ON e.person_id = m.person_id AND e.rank = 0 AND e.until IS NULL
GROUP BY 1, 2
"""


def find_listed() -> dict[str, int]:
    """Which of the rows are about people who are known, for professions that they practise.

    How many are not, by reason.
    """
    with connection.cursor() as cursor:
        bulk.analyze("staged_said", *_STORED)
        cursor.execute(_LISTED)
        cursor.execute("CREATE INDEX staged_listed_person ON staged_listed (person_id)")
        bulk.analyze("staged_listed")
        cursor.execute(_LEFT_OUT)
        return dict(sorted(cursor.fetchall()))


def find_differences(*, test_identities: bool) -> dict[str, Counter[str]]:
    """Whose savoir-faire this file did not say before, or says otherwise, or says no more.

    People by what became of them and by first profession.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEGUN)
        cursor.execute(_ENDING, [test_identities])
        bulk.analyze("staged_begun", "staged_ending")
        cursor.execute(_SHOWN)
        cursor.execute(_BECAME)
        became: dict[str, Counter[str]] = {}
        for what, profession, people in cursor.fetchall():
            became.setdefault(what, Counter())[profession] = people
        return became


def listed_people() -> int:
    """How many of the people known the file is about."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT person_id) FROM staged_listed")
        return int(cursor.fetchone()[0])


def known_people(*, test_identities: bool) -> int:
    """Of how many the former file said savoir-faire."""
    live = SavoirFaire.objects.filter(source=Source.LIST, until=None)
    of_kind = live.filter(person__is_test=test_identities)
    return of_kind.values("person").distinct().count()


def merge(change: Change) -> None:
    """Make it so; `shown_people` are rendered again, in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE directory_savoirfaire SET until = %s, ended_by = %s "
            "WHERE id IN (SELECT id FROM staged_ending)",
            [change.day, change.batch],
        )
        cursor.execute(
            f"INSERT INTO directory_savoirfaire ({_ROW}, source, since, entered_by) "
            f"SELECT {_ROW}, '{Source.LIST}', %s, %s FROM staged_begun",
            [change.day, change.batch],
        )


def undo(batch: ImportBatch, change: Change) -> None:
    """Take an import back; `shown_people` are rendered again, in the same transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO staged_shown (id) SELECT DISTINCT person_id FROM directory_savoirfaire "
            "WHERE entered_by = %s OR ended_by = %s",
            [batch.pk, batch.pk],
        )
        cursor.execute("DELETE FROM directory_savoirfaire WHERE entered_by = %s", [batch.pk])
        cursor.execute(
            "UPDATE directory_savoirfaire SET until = NULL, ended_by = NULL WHERE ended_by = %s",
            [batch.pk],
        )
        # Of people whom a register has changed since.
        end_unpractised(cursor, change, "SELECT id FROM staged_shown")


def shown_people(together: int) -> Iterator[list[UUID]]:
    """Whose snapshots to render, few at a time."""
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT id FROM staged_shown")
        while rows := cursor.fetchmany(together):
            # SQLite keeps a subject as its hexadecimal digits.
            yield [UUID(str(person_id)) for (person_id,) in rows]


def replace_snapshots(at: Any) -> None:
    """Those that were rendered are what everybody reads from now on."""
    with connection.cursor() as cursor:
        bulk.analyze("staged_rendered")
        cursor.execute(
            "UPDATE directory_person SET snapshot = r.snapshot, updated_at = %s "
            "FROM staged_rendered r WHERE directory_person.id = r.id",
            [at],
        )
