"""One decision at a time about one thing, whatever else is written about it meanwhile.

A lock of the database's own (advisory), not one of a row: an import that rewrites the rows of a
million people holds theirs until it is done, and whoever decides about one of them must not wait.
"""

from typing import Final
from uuid import UUID

from django.db import connection, transaction

# The first of the two numbers that PostgreSQL keeps such a lock under.
_OURS: Final = 0x48594749
# Locks have places in the server's memory, some thousands in all: one transaction takes no more
# of them than this. Two keys may share one.
_PLACES: Final = 1024


def place_of(key: UUID) -> int:
    """Where the lock of this key is. Whoever holds several takes them in the order of this."""
    # The last bits: the first ones of a subject are the time at which it was drawn.
    return key.int % _PLACES


def hold(key: UUID) -> None:
    """Waits until nobody else holds `key`, and holds it until the end of the transaction.

    On SQLite one transaction writes at a time, and there is nothing to hold.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a lock is held in a transaction")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [_OURS, place_of(key)])
