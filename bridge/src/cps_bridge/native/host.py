"""The program that a browser starts for the extension: one process a login page, until it leaves.

The first frame names the origin that the browser vouches for (`sender` of the page's port); it
must be in the administrator's list like any other.  Standard output carries frames only.
"""

import asyncio
import logging
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import IO, Any

from cps_bridge import messages
from cps_bridge.conversation import Conversation
from cps_bridge.desk import Desk
from cps_bridge.errors import BridgeError, Code
from cps_bridge.native import CHROMIUM_EXTENSION, FIREFOX_EXTENSION
from cps_bridge.native.frames import FrameError, read_frame, write_frame

log = logging.getLogger(__name__)
Arrival = str | FrameError | None
HELLO_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """The two ends of the browser's pipe."""

    incoming: IO[bytes]
    outgoing: IO[bytes]


def is_our_extension(caller: Sequence[str], *, extensions: Collection[str]) -> bool:
    """Judge who the browser says started this program.

    Chromium gives `chrome-extension://<id>/` first, Firefox the path of the host's manifest and
    then the id.  The browser enforced its manifest already; this holds if that file was changed.
    """
    known = {CHROMIUM_EXTENSION, FIREFOX_EXTENSION, *extensions}
    accepted = known | {f"chrome-extension://{extension}/" for extension in known}
    return any(argument in accepted for argument in caller[:2])


async def serve_browser(pipes: Pipes, *, desk: Desk, origins: Collection[str]) -> None:
    """Serve one page: its origin first, then its requests, until the browser closes the pipe."""
    arrivals = _read_beside(pipes.incoming)
    channel = PipeChannel(pipes.outgoing)
    try:
        origin = _allowed_origin(await asyncio.wait_for(arrivals.get(), HELLO_SECONDS), origins)
        conversation = Conversation(channel, origin=origin, desk=desk)
    except BridgeError as error:
        log.warning("hello_refused code=%s detail=%s", error.code, error.detail)
        await channel.send(messages.error_message(error))
        return
    except TimeoutError:
        log.warning("hello_missing")
        return
    try:
        await conversation.greet()
        while (text := _readable(await arrivals.get())) is not None:
            await conversation.receive(text)
    except ConnectionError:
        log.info("page_gone")
    finally:
        conversation.end()


class PipeChannel:
    """Implements `conversation.Channel` over standard output."""

    def __init__(self, outgoing: IO[bytes]) -> None:
        self._outgoing = outgoing

    async def send(self, message: dict[str, Any]) -> None:
        """Write one frame: at most a few kB, which a pipe takes at once."""
        write_frame(self._outgoing, message)

    async def give_up(self) -> None:
        """Close the pipe: the extension tells the page that the bridge was lost."""
        self._outgoing.close()


def _allowed_origin(arrival: Arrival, origins: Collection[str]) -> str:
    """Return the origin of the first frame if the administrator listed exactly it."""
    text = _readable(arrival)
    if text is None:
        raise BridgeError(Code.BAD_MESSAGE, detail="no hello")
    origin = messages.parse_hello(text)
    if origin not in origins:
        raise BridgeError(Code.ORIGIN_REFUSED, detail=repr(origin[:255]))
    return origin


def _readable(arrival: Arrival) -> str | None:
    """End the conversation at a frame that may not be read, as at the end of the pipe."""
    if isinstance(arrival, FrameError):
        log.warning("frame_refused reason=%s", arrival)
        return None
    return arrival


def _read_beside(incoming: IO[bytes]) -> "asyncio.Queue[Arrival]":
    """Read frames on a thread: Windows has no other way to wait on a browser's pipe."""
    loop = asyncio.get_running_loop()
    arrivals: asyncio.Queue[Arrival] = asyncio.Queue()

    def tell(arrival: Arrival) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(arrivals.put_nowait, arrival)

    def read() -> None:
        arrival: Arrival = ""
        while isinstance(arrival, str):
            try:
                arrival = read_frame(incoming)
            except (FrameError, OSError) as error:
                arrival = error if isinstance(error, FrameError) else None
            tell(arrival)

    threading.Thread(target=read, name="browser", daemon=True).start()
    return arrivals
