"""The code for a phone without network (RFC 6238): which steps count, and how often."""

from datetime import datetime, timedelta
from typing import Final

from idp.enrollment.rules.limits import Rate

SEED_BYTES: Final = 32
DIGITS: Final = 8
PERIOD_SECONDS: Final = 30
# RFC 6238 §5.2: one step before and after, for clocks that differ.
DRIFT_STEPS: Final = 1
# A fallback, not a way to log in every day.
WRONG_CODES: Final = Rate(limit=5, window=timedelta(minutes=15))
USES: Final = Rate(limit=20, window=timedelta(days=30))


def step_at(now: datetime) -> int:
    """T of RFC 6238 §4."""
    return int(now.timestamp()) // PERIOD_SECONDS


def steps_around(now: datetime) -> tuple[int, ...]:
    """The steps whose codes may be shown at this moment."""
    present = step_at(now)
    return tuple(range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1))


def is_code(text: str) -> bool:
    return len(text) == DIGITS and text.isascii() and text.isdigit()
