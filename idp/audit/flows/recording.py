"""Appends a row. Called by flows inside their transaction, or beside it for a refusal."""

from enum import StrEnum
from typing import Any

import structlog

from idp.audit.models import AuditRow
from idp.core import clock, secrets
from idp.core.prepared import PreparedInsert

log = structlog.get_logger()
# The one statement that every login, refusal and order has.
_ROWS = PreparedInsert(AuditRow)


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"


def record(
    *,
    event: str,
    outcome: Outcome,
    subject: str = "",
    client_id: str = "",
    is_test: bool = False,
    data: dict[str, Any] | None = None,
    evidence: dict[str, Any] | None = None,
) -> AuditRow:
    """Writes one row; its `reference` is the short code to show to the person.

    `data`: small facts, JSON, no secret, no certificate body. `evidence`: what proves a login again
    (kind + signed bytes + signature + public part), re-checked by `manage.py audit verify`.
    """
    row = _ROWS.insert(
        AuditRow(
            at=clock.now(),
            event=event,
            outcome=outcome,
            subject=_bounded(subject, 80),
            client_id=_bounded(client_id, 200),
            reference=secrets.new_reference(),
            is_test=is_test,
            data=data or {},
            evidence=evidence,
        )
    )
    log.info(event, outcome=str(outcome), client_id=client_id, reference=row.reference)
    return row


def _bounded(text: str, length: int) -> str:
    """Of a refusal both may be what a stranger typed; the row must be written all the same."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")[:length]
