"""A page's conversation with the card, from the status to the token, whatever carries it.

Both fronts use it: the loopback WebSocket and native messaging.  A front vouches for the origin,
cuts what arrives into texts of at most `messages.MAX_BYTES`, and carries what is said.
"""

import asyncio
import logging
from typing import Any, Protocol

from cps_bridge import messages
from cps_bridge.authentication import Progress
from cps_bridge.desk import Desk
from cps_bridge.errors import BridgeError, Code

log = logging.getLogger(__name__)


class Channel(Protocol):
    """How a front reaches its page; both raise ConnectionError when the page is gone."""

    async def send(self, message: dict[str, Any]) -> None:
        """Send one message."""

    async def give_up(self) -> None:
        """Close because of a fault of ours: no page waits for an answer that cannot come."""


class Conversation:
    """One open page."""

    def __init__(self, channel: Channel, *, origin: str, desk: Desk) -> None:
        self._channel = channel
        self._origin = origin
        self._desk = desk
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def greet(self) -> None:
        """Say whether a card is there, before anything is asked."""
        await self._channel.send(messages.status_message(await self._desk.status()))

    async def receive(self, text: str) -> None:
        """Take one message of the page; the answer to a request comes when the card gave it."""
        try:
            message = messages.parse(text)
            self._check_free()
        except BridgeError as error:
            await self._channel.send(messages.error_message(error))
            return
        self._task = asyncio.create_task(self._authenticate(message.challenge))
        self._task.add_done_callback(self._ended)

    def end(self) -> None:
        """Cancel the PIN prompt: the page went away."""
        if self._task is not None:
            self._task.cancel()

    def _check_free(self) -> None:
        if self._task is not None and not self._task.done():
            raise BridgeError(Code.BUSY)

    async def _authenticate(self, challenge: str) -> None:
        try:
            token = await self._desk.authenticate(
                origin=self._origin, challenge=challenge, progress=self._tell
            )
            answer = messages.token_message(token)
            log.info("token_sent origin=%s", self._origin)
        except BridgeError as error:
            log.info("refused origin=%s code=%s detail=%s", self._origin, error.code, error.detail)
            answer = messages.error_message(error)
        try:
            await self._channel.send(answer)
        except ConnectionError:
            log.info("page_gone")

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or (fault := task.exception()) is None:
            return
        log.error("authentication_failed", exc_info=fault)
        self._closing = asyncio.create_task(self._channel.give_up())

    async def _tell(self, step: Progress) -> None:
        await self._channel.send(messages.progress_message(step))
