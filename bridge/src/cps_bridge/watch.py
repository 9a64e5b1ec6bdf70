"""Ends a wait on the worker thread: the page went away, time is up, or the card was pulled."""

import threading
import time
from collections.abc import Callable

from cps_bridge.errors import BridgeError, Code

POLL_SECONDS = 0.2


class Watch:
    """Passed to whoever waits for the person; `pause` in a loop is the only way to wait."""

    def __init__(
        self,
        *,
        cancelled: threading.Event,
        seconds: float,
        on_time_out: Code = Code.TIMEOUT,
        is_present: Callable[[], bool] | None = None,
    ) -> None:
        self._cancelled = cancelled
        self._deadline = time.monotonic() + seconds
        self._on_time_out = on_time_out
        self._is_present = is_present

    @property
    def seconds_left(self) -> float:
        """How long the person still has."""
        return max(0.0, self._deadline - time.monotonic())

    def check(self) -> None:
        """Raise when the wait is over: cancelled, then card removed, then out of time."""
        if self._cancelled.is_set():
            raise BridgeError(Code.USER_CANCELLED, detail="page closed")
        if self._is_present is not None and not self._is_present():
            raise BridgeError(Code.CARD_REMOVED)
        if time.monotonic() >= self._deadline:
            raise BridgeError(self._on_time_out)

    def pause(self, seconds: float = POLL_SECONDS) -> None:
        """Wait a moment, less if the page goes away, then check."""
        self._cancelled.wait(min(seconds, self.seconds_left))
        self.check()
