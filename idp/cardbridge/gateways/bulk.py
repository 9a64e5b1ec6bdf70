"""Writes many serials at once: the one place that asks which database it runs on.

Row by row, a list of 100,000 entries costs a minute; as one parameter a batch, seconds.
"""

import json
from collections.abc import Sequence

from django.db import connection

from idp.cardbridge.models import BarredSerial
from idp.cardbridge.rules.revocation import Bar

_TABLE = BarredSerial._meta.db_table
_COLUMNS = "issuer_id, serial, source, revoked_at, reason"
_POSTGRESQL = (
    f"INSERT INTO {_TABLE} ({_COLUMNS}) "  # noqa: S608 - names of our own
    "SELECT %s, serial, source, revoked_at, reason FROM json_to_recordset(%s) "
    "AS bar (serial text, source text, revoked_at timestamptz, reason text) "
    "ON CONFLICT DO NOTHING"
)
_ROW_BY_ROW = (
    f"INSERT INTO {_TABLE} ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s) "  # noqa: S608
    "ON CONFLICT DO NOTHING"
)


def insert_bars(issuer_id: int, bars: Sequence[Bar]) -> None:
    """Keeps those that are not there yet, in the caller's transaction."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(_POSTGRESQL, [issuer_id, json.dumps([_record(bar) for bar in bars])])
        else:
            adapt = connection.ops.adapt_datetimefield_value
            cursor.executemany(
                _ROW_BY_ROW,
                [
                    (issuer_id, bar.serial, str(bar.source), adapt(bar.revoked_at), bar.reason)
                    for bar in bars
                ],
            )


def _record(bar: Bar) -> dict[str, str | None]:
    return {
        "serial": bar.serial,
        "source": bar.source,
        "revoked_at": bar.revoked_at.isoformat() if bar.revoked_at else None,
        "reason": bar.reason,
    }
