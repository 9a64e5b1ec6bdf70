"""Whether a revocation list or an OCSP answer may be believed now. Fail closed."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from idp.cardbridge.rules.refusals import CardCode, CardRefusedError

CLOCK_SKEW: Final = timedelta(minutes=5)
# An answer without nextUpdate says that newer news is always there (RFC 6960 §2.4).
OLDEST_ANSWER: Final = timedelta(hours=24)


class Source(StrEnum):
    """Whose word bars a certificate."""

    LIST = "crl"
    RESPONDER = "ocsp"
    # The responder answered that it does not know the certificate: no proof that it is good.
    UNKNOWN = "ocsp-unknown"


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


def is_present_answer(
    *, this_update: datetime, next_update: datetime | None, now: datetime
) -> bool:
    """RFC 6960 §4.2.2.1: neither from the future, nor past its end, nor too old to tell."""
    if this_update > now + CLOCK_SKEW or now - this_update > OLDEST_ANSWER:
        return False
    return next_update is None or now <= next_update
