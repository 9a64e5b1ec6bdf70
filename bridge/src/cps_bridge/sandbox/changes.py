"""Tells every open page that something changed, from whichever thread it changed on."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Changes:
    """Followers wait on their own event; several changes at once are one."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._followers: set[asyncio.Event] = set()
        self.is_closed = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the loop that the followers live on."""
        self._loop = loop

    def announce(self) -> None:
        """Wake the followers; callable from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake)

    def close(self) -> None:
        """Send the followers home, on the loop's own thread."""
        self.is_closed = True
        self._wake()

    @contextmanager
    def subscribed(self) -> Iterator[asyncio.Event]:
        """Yield an event that is set at each change."""
        follower = asyncio.Event()
        self._followers.add(follower)
        try:
            yield follower
        finally:
            self._followers.discard(follower)

    def _wake(self) -> None:
        for follower in self._followers:
            follower.set()
