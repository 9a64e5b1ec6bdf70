"""When a message to a portal's server is sent again, and when it is over."""

from datetime import timedelta
from enum import StrEnum


class DeliveryKind(StrEnum):
    """What is sent. Each kind has its row in `flows.delivery_worker.MESSAGES`."""

    BACKCHANNEL_LOGOUT = "backchannel_logout"
    CIBA_PING = "ciba_ping"


class DeliveryState(StrEnum):
    """`failed`: the target said no, for good. `given_up`: it never answered in time."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    GIVEN_UP = "given_up"


# Waits after the first, second, … try; the one after the last gives up.
_WAITS = tuple(timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600))
# Not now, but perhaps later (RFC 9110 §15.5.9, RFC 6585 §4).
_TRY_AGAIN = frozenset({408, 425, 429})


def verdict(status: int) -> DeliveryState:
    """Of an HTTP answer. A redirection is never followed (SSRF), so it is a refusal."""
    if 200 <= status < 300:
        return DeliveryState.DELIVERED
    # Back-Channel Logout §2.8: 400 says the token is wrong; CIBA: a 401 is never tried again.
    return DeliveryState.PENDING if status >= 500 or status in _TRY_AGAIN else DeliveryState.FAILED


def wait_after(attempts: int) -> timedelta | None:
    """Until the next try, after `attempts` of them; None: give up."""
    return _WAITS[attempts - 1] if attempts <= len(_WAITS) else None
