"""`/v1/ws`: a page's conversation with the card, from the status to the token."""

import asyncio
import logging

from aiohttp import WSCloseCode, WSMsgType, web

from cps_bridge import PROTOCOL
from cps_bridge.authentication import Progress
from cps_bridge.desk import Desk
from cps_bridge.errors import BridgeError, Code
from cps_bridge.server import messages
from cps_bridge.server.guard import allowed_origin, refused

log = logging.getLogger(__name__)
DESK: web.AppKey[Desk] = web.AppKey("desk", Desk)
SOCKETS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("sockets", set)
MAX_SOCKETS = 32
HEARTBEAT_SECONDS = 20.0


async def serve(request: web.Request) -> web.StreamResponse:
    """Guard, open, serve until either side closes."""
    origin = allowed_origin(request)
    if origin is None:
        return refused(403, "ORIGIN_REFUSED")
    sockets = request.app[SOCKETS]
    if len(sockets) >= MAX_SOCKETS:
        return refused(503, "Service Unavailable")
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,),
        max_msg_size=messages.MAX_BYTES,
        heartbeat=HEARTBEAT_SECONDS,
        compress=False,
    )
    await socket.prepare(request)
    if socket.ws_protocol != PROTOCOL:
        await socket.close(code=WSCloseCode.PROTOCOL_ERROR, message=b"subprotocol")
        return socket
    sockets.add(socket)
    try:
        await Conversation(socket, origin=origin, desk=request.app[DESK]).run()
    finally:
        sockets.discard(socket)
    return socket


async def close_all(app: web.Application) -> None:
    """Tell the pages that the bridge is going."""
    sockets = app[SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY)


class Conversation:
    """One open page."""

    def __init__(self, socket: web.WebSocketResponse, *, origin: str, desk: Desk) -> None:
        self._socket = socket
        self._origin = origin
        self._desk = desk
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[bool] | None = None

    async def run(self) -> None:
        """Say the status, then answer; the page going away cancels the PIN prompt."""
        try:
            await self._socket.send_json(messages.status_message(await self._desk.status()))
            async for frame in self._socket:
                if frame.type is not WSMsgType.TEXT:
                    await self._socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
                    break
                await self._receive(frame.data)
        except ConnectionError:
            log.info("page_gone")
        finally:
            if self._task is not None:
                self._task.cancel()

    async def _receive(self, text: str) -> None:
        try:
            message = messages.parse(text)
            self._check_free()
        except BridgeError as error:
            await self._socket.send_json(messages.error_message(error))
            return
        self._task = asyncio.create_task(self._authenticate(message.challenge))
        self._task.add_done_callback(self._ended)

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
            await self._socket.send_json(answer)
        except ConnectionError:
            log.info("page_gone")

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Let no page wait for an answer that a fault of ours will never give."""
        if task.cancelled() or (fault := task.exception()) is None:
            return
        log.error("authentication_failed", exc_info=fault)
        self._closing = asyncio.create_task(self._socket.close(code=WSCloseCode.INTERNAL_ERROR))

    async def _tell(self, step: Progress) -> None:
        if not self._socket.closed:
            await self._socket.send_json(messages.progress_message(step))
