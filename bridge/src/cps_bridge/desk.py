"""The desk every front goes through: one authentication at a time, on the one card thread.

A front (loopback WebSocket, native messaging) brings an origin that the browser vouches for and a
challenge; it takes away progress and a token, or a BridgeError.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable

from cps_bridge.authentication import Authenticator, Limits, Progress, State
from cps_bridge.errors import BridgeError, Code
from cps_bridge.prompts import PinPrompt
from cps_bridge.reader import CardReader, CardState, Status
from cps_bridge.web_eid import Token
from cps_bridge.worker import Worker

log = logging.getLogger(__name__)
STATUS_SECONDS = 2.0
# A page that was reloaded asks again at once: leave its former prompt the time to close.
HANDOVER_SECONDS = 2.0
# Card and module time, on top of what the person may take.
SPARE_SECONDS = 20.0
# A module's calls wait, without a word, for as long as another program holds the card.
IN_USE_SECONDS = 2.0


class Desk:
    """Lives on the event loop; the authenticator and the reader live on the worker."""

    def __init__(self, *, reader: CardReader, prompt: PinPrompt, limits: Limits) -> None:
        self._reader = reader
        self._authenticator = Authenticator(reader=reader, prompt=prompt, limits=limits)
        self._seconds = limits.insert + limits.pin + SPARE_SECONDS
        self._worker = Worker()
        self._current: asyncio.Future[Token] | None = None
        self._current_cancelled = threading.Event()
        self._last_status = Status(card=CardState.ABSENT, pin_pad=False)

    async def status(self) -> Status:
        """Say whether a card is there; the last answer while the card is at work."""
        if not self._is_busy():
            looking = asyncio.wrap_future(self._worker.submit(self._reader.status))
            try:
                self._last_status = await asyncio.wait_for(looking, STATUS_SECONDS)
            except TimeoutError:
                log.info("status_slow")
        return self._last_status

    async def authenticate(
        self, *, origin: str, challenge: str, progress: Callable[[Progress], Awaitable[None]]
    ) -> Token:
        """Return a token; cancelling this coroutine cancels the PIN prompt.

        Raises BridgeError, BUSY when another page is being served.
        """
        await self._take_over()
        loop = asyncio.get_running_loop()
        cancelled = threading.Event()
        patience = Patience(progress)

        def tell(step: Progress) -> None:
            asyncio.run_coroutine_threadsafe(patience.hear(step), loop)

        def call() -> Token:
            return self._authenticator.authenticate(
                origin=origin, challenge=challenge, progress=tell, cancelled=cancelled
            )

        # Nothing awaits between the check in _take_over and this line.
        self._current = asyncio.wrap_future(self._worker.submit(call))
        self._current.add_done_callback(_retrieve)
        self._current_cancelled = cancelled
        patience.begin()
        try:
            # The limit is the caller's: a module may block behind another program for ever.
            return await asyncio.wait_for(asyncio.shield(self._current), self._seconds)
        except TimeoutError as error:
            raise BridgeError(Code.TIMEOUT, detail="card thread") from error
        finally:
            patience.end()
            cancelled.set()

    async def _take_over(self) -> None:
        if self._current is not None and self._is_busy() and self._current_cancelled.is_set():
            await asyncio.wait([self._current], timeout=HANDOVER_SECONDS)
        if self._is_busy():
            raise BridgeError(Code.BUSY)

    def _is_busy(self) -> bool:
        return self._current is not None and not self._current.done()


class Patience:
    """Passes progress on to the page, and says so when the card itself keeps everyone waiting."""

    def __init__(self, progress: Callable[[Progress], Awaitable[None]]) -> None:
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._telling: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """The card is at work from now on."""
        self.end()
        self._timer = self._loop.call_later(IN_USE_SECONDS, self._tell)

    def end(self) -> None:
        """The card is not what is being waited for."""
        if self._timer is not None:
            self._timer.cancel()

    async def hear(self, step: Progress) -> None:
        """Take one step from the card thread."""
        if step.state is State.CARD_AT_WORK:
            self.begin()
            return
        self.end()
        await _deliver(self._progress, step)

    def _tell(self) -> None:
        step = Progress(state=State.CARD_IN_USE)
        self._telling = self._loop.create_task(_deliver(self._progress, step))


def _retrieve(done: asyncio.Future[Token]) -> None:
    """Mark the outcome as seen even when its page is gone."""
    if not done.cancelled():
        done.exception()


async def _deliver(progress: Callable[[Progress], Awaitable[None]], step: Progress) -> None:
    try:
        await progress(step)
    except ConnectionError:
        log.info("page_gone")
