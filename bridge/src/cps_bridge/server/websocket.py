"""`/v1/ws`: carries a page's conversation over the loopback WebSocket."""

import logging
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from cps_bridge import PROTOCOL, messages
from cps_bridge.conversation import Conversation
from cps_bridge.desk import Desk
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
        channel = SocketChannel(socket)
        conversation = Conversation(channel, origin=origin, desk=request.app[DESK])
        await _converse(socket, conversation)
    finally:
        sockets.discard(socket)
    return socket


async def close_all(app: web.Application) -> None:
    """Tell the pages that the bridge is going."""
    sockets = app[SOCKETS]
    for socket in tuple(sockets):
        await socket.close(code=WSCloseCode.GOING_AWAY)


class SocketChannel:
    """Implements `conversation.Channel`."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket

    async def send(self, message: dict[str, Any]) -> None:
        """Send one text frame; to a page that left, nothing."""
        if not self._socket.closed:
            await self._socket.send_json(message)

    async def give_up(self) -> None:
        """Close with the code that says whose fault it is."""
        await self._socket.close(code=WSCloseCode.INTERNAL_ERROR)


async def _converse(socket: web.WebSocketResponse, conversation: Conversation) -> None:
    """Say the status, then answer; the page going away cancels the PIN prompt."""
    try:
        await conversation.greet()
        async for frame in socket:
            if frame.type is not WSMsgType.TEXT:
                await socket.close(code=WSCloseCode.UNSUPPORTED_DATA)
                break
            await conversation.receive(frame.data)
    except ConnectionError:
        log.info("page_gone")
    finally:
        conversation.end()
