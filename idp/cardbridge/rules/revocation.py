"""Whether a revocation list may be believed now. Fail closed."""

from datetime import datetime, timedelta
from typing import Final

from idp.cardbridge.rules.refusals import CardCode, CardRefusedError

CLOCK_SKEW: Final = timedelta(minutes=5)


def needs_grace(
    *, this_update: datetime, next_update: datetime, now: datetime, grace: timedelta
) -> bool:
    """False: the list is fresh. True: it is stale, within the operator's grace window.

    RFC 5280 §6.3.3 (a): a list whose nextUpdate has passed tells nothing about today.
    """
    if this_update > now + CLOCK_SKEW:
        raise CardRefusedError(
            CardCode.REVOCATION_UNKNOWN, detail="the list is from the future", status=503
        )
    if now > next_update + grace:
        raise CardRefusedError(
            CardCode.REVOCATION_UNKNOWN,
            detail=f"the list is stale since {next_update:%Y-%m-%dT%H:%M:%SZ}",
            status=503,
        )
    return now > next_update
