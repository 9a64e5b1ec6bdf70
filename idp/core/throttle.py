"""Rate windows in the cache: what may be lost. Limits that must survive are columns of a row.

Without the cache people still log in; where a window is all that protects others, nothing passes.
"""

import hashlib
from datetime import timedelta

import structlog
from django.core.cache import cache
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from idp.core.errors import IdpError

log = structlog.get_logger()


def hit(
    name: str, key: str, *, limit: int, window: timedelta, passes_uncounted: bool = True
) -> None:
    """Counts one event for `key`; the one beyond `limit` within `window` is refused (429).

    `passes_uncounted`: while the cache is away; else such an event is refused too (503).
    """
    slot = _slot(name, key)
    try:
        count = _count(slot, window)
    except (RedisError, OSError) as error:
        log.error("throttle_unavailable", throttle=name, error=type(error).__name__)
        if passes_uncounted:
            return
        raise IdpError(
            "temporarily_unavailable",
            _("Le service a rencontré un problème de son côté. Réessayez dans un instant."),
            detail=f"throttle {name} cannot count",
            status=503,
        ) from error
    if count > limit:
        raise IdpError(
            "too_many_requests",
            _("Trop d’essais en peu de temps. Patientez quelques minutes, puis recommencez."),
            detail=f"throttle {name}",
            status=429,
        )


def forgive(name: str, key: str) -> None:
    """Gives one event back: it turned out to be right, and only wrong ones are to be few."""
    try:
        cache.decr(_slot(name, key))
    except (ValueError, RedisError, OSError) as error:
        # The window is over or away: nothing is left to give back.
        log.info("throttle_not_forgiven", throttle=name, error=type(error).__name__)


def _slot(name: str, key: str) -> str:
    return f"throttle:{name}:{hashlib.sha256(key.encode()).hexdigest()}"


def _count(slot: str, window: timedelta) -> int:
    cache.add(slot, 0, timeout=window.total_seconds())
    try:
        return cache.incr(slot)
    except ValueError:  # the window ended between the two calls
        cache.set(slot, 1, timeout=window.total_seconds())
        return 1
