"""Rate windows in the cache: what may be lost. Limits that must survive are columns of a row."""

import hashlib
from datetime import timedelta

from django.core.cache import cache
from django.utils.translation import gettext as _

from idp.core.errors import IdpError


def hit(name: str, key: str, *, limit: int, window: timedelta) -> None:
    """Counts one event for `key`; the one beyond `limit` within `window` is refused (429)."""
    slot = f"throttle:{name}:{hashlib.sha256(key.encode()).hexdigest()}"
    cache.add(slot, 0, timeout=window.total_seconds())
    try:
        count = cache.incr(slot)
    except ValueError:  # the window ended between the two calls
        cache.set(slot, 1, timeout=window.total_seconds())
        count = 1
    if count > limit:
        raise IdpError(
            "too_many_requests",
            _("Trop d’essais en peu de temps. Patientez quelques minutes, puis recommencez."),
            detail=f"throttle {name}",
            status=429,
        )
