"""The one sealer: gives unsealed rows their place in the chain, in small batches."""

import structlog
from django.db import transaction

from idp.audit.models import AuditRow, ChainHead
from idp.audit.rules.chain import GENESIS, Anchor, link

log = structlog.get_logger()

BATCH = 500


def seal_pending() -> int:
    """Seals all pending rows; returns how many. Logins never wait for it."""
    sealed = 0
    while count := _seal_batch():
        sealed += count
    return sealed


@transaction.atomic
def _seal_batch() -> int:
    # An empty log costs one SELECT, not a lock.
    if not AuditRow.objects.filter(sequence__isnull=True).exists():
        return 0
    ChainHead.objects.get_or_create(id=1, defaults={"chain_hash": GENESIS})
    # The lock on the head is what makes the sealer the only one.
    head = ChainHead.objects.select_for_update().get(id=1)
    rows = list(AuditRow.objects.filter(sequence__isnull=True).order_by("id")[:BATCH])
    for row in rows:
        row.sequence = head.sequence + 1
        row.chain_hash = link(bytes(head.chain_hash), row.sequence, row.content())
        head.sequence, head.chain_hash = row.sequence, row.chain_hash
    AuditRow.objects.bulk_update(rows, ["sequence", "chain_hash"])
    head.save(update_fields=["sequence", "chain_hash"])
    # A witness where the database's writers do not reach: the logs go elsewhere.
    anchor = Anchor(sequence=head.sequence, chain_hash=bytes(head.chain_hash))
    transaction.on_commit(lambda: log.info("audit_sealed", anchor=str(anchor)))
    return len(rows)
