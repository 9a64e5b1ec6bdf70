"""Refusals of callers who proved nothing: audited, but no flood of them fills the audit log.

Only refusals are counted, after the refusal: who proves its identity is never kept out by others,
not even by those that share its address.
"""

from datetime import timedelta
from typing import Any

import structlog

from idp.audit.flows import Outcome, record
from idp.core import throttle
from idp.core.errors import IdpError

# Refusals of one address: a portal that is misconfigured stays below, a flood does not.
LIMIT = 60
WINDOW = timedelta(minutes=1)

log = structlog.get_logger()


def count_refusal(*, caller: str) -> None:
    """One refusal more from this address; beyond the limit IdpError (429) and no row."""
    throttle.hit("oidc.stranger", caller, limit=LIMIT, window=WINDOW)


def record_refusal(*, caller: str, event: str, client_id: str, data: dict[str, Any]) -> str:
    """The reference of the row, or `""` where this address has caused enough of them."""
    try:
        count_refusal(caller=caller)
    except IdpError as error:
        log.warning("refusal_not_recorded", refused=event, code=data.get("code"), why=error.code)
        return ""
    row = record(event=event, outcome=Outcome.REFUSED, client_id=client_id[:200], data=data)
    return row.reference
