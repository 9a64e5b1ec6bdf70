"""The set-based half of taking an import back."""

from datetime import datetime
from typing import Final

from django.db import connection

from idp.directory.gateways.merge_practices import Change, end_unpractised, merge_practices
from idp.directory.models import ImportBatch

_DATED: Final = ("exercice", "practice", "savoirfaire")
_KEPT: Final = ("family_name", "given_names", "civility", "snapshot", "fingerprint")


def give_back_days(batch: ImportBatch) -> None:
    """What began with the batch never did; what it ended goes on.

    Of those who are given back alone: who got another number since (`flows.toggle`) is not.
    """
    theirs = "person_id IN (SELECT person_id FROM directory_formerstate WHERE batch_id = %s)"
    with connection.cursor() as cursor:
        for table in _DATED:
            cursor.execute(
                f"DELETE FROM directory_{table} WHERE entered_by = %s AND {theirs}",
                [batch.pk, batch.pk],
            )
            cursor.execute(
                f"UPDATE directory_{table} SET until = NULL, ended_by = NULL "
                f"WHERE ended_by = %s AND {theirs}",
                [batch.pk, batch.pk],
            )


def undo(batch: ImportBatch, instant: datetime) -> int:
    """Make it so, for who is staged as they were before the batch: how many entered by it."""
    change = Change.of(batch, instant)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE directory_person SET {', '.join(f'{name} = s.{name}' for name in _KEPT)} "
            "FROM staged_person s WHERE directory_person.id = s.id"
        )
        again = ("raw_fingerprint", "source", "left_register_at")
        cursor.execute(
            f"UPDATE directory_person SET {', '.join(f'{name} = f.{name}' for name in again)}, "
            "updated_at = %s FROM directory_formerstate f WHERE directory_person.id = f.person_id "
            "AND f.batch_id = %s AND f.snapshot IS NOT NULL",
            [change.at, batch.pk],
        )
        merge_practices(cursor, change)
        # Whatever the next import says of them is read.
        cursor.execute(
            "UPDATE directory_person SET left_register_at = %s, raw_fingerprint = '' "
            "WHERE id IN (SELECT person_id FROM directory_formerstate "
            "WHERE batch_id = %s AND snapshot IS NULL)",
            [change.at, batch.pk],
        )
        entered = int(cursor.rowcount)
        touched = f"SELECT person_id FROM directory_formerstate WHERE batch_id = {batch.pk:d}"
        end_unpractised(cursor, change, touched)
        return entered
