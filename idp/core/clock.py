"""The only clock. Flows ask `now()`; rules get the instant as an argument."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_frozen: ContextVar[datetime | None] = ContextVar("frozen_clock", default=None)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def frozen(instant: datetime) -> Iterator[None]:
    """Holds the clock at `instant` (tests, and re-checks of old evidence)."""
    token = _frozen.set(instant)
    try:
        yield
    finally:
        _frozen.reset(token)
