"""The bridge's web application: its paths, and the loopback port it takes."""

import errno
import socket
from collections.abc import Collection, Sequence

from aiohttp import web

from cps_bridge import PROTOCOL, __version__
from cps_bridge.desk import Desk
from cps_bridge.errors import SetupError
from cps_bridge.server import websocket
from cps_bridge.server.guard import ORIGINS, PORT, allowed_origin, guard, refused
from cps_bridge.server.peer import LOOPBACK

SANDBOX: web.AppKey[bool] = web.AppKey("sandbox", bool)
BACKLOG = 32


def make_application(
    *, desk: Desk, origins: Collection[str], port: int, sandbox: bool
) -> web.Application:
    """Return the application; the sandbox adds its page to it (`sandbox.page.add_page`)."""
    app = web.Application(middlewares=[guard], client_max_size=16 * 1024)
    app[websocket.DESK] = desk
    app[ORIGINS] = frozenset(origins)
    app[PORT] = port
    app[SANDBOX] = sandbox
    app[websocket.SOCKETS] = set()
    app.router.add_get("/v1/ws", websocket.serve)
    app.router.add_get("/v1/status", status, allow_head=False)
    app.on_shutdown.append(websocket.close_all)
    return app


async def status(request: web.Request) -> web.Response:
    """Let a page tell this bridge from a stranger on the same port."""
    origin = allowed_origin(request)
    if origin is None:
        return refused(403, "ORIGIN_REFUSED")
    return web.json_response(
        {
            "bridge": "cps-bridge",
            "version": __version__,
            "protocols": [PROTOCOL],
            "sandbox": request.app[SANDBOX],
        },
        headers={
            # Never reflected: it is in the administrator's list.
            "Access-Control-Allow-Origin": origin,
            "Vary": "Origin",
            "Cross-Origin-Resource-Policy": "cross-origin",
        },
    )


def take_port(ports: Sequence[int]) -> socket.socket:
    """Return a listening socket on the first free port of the list, on 127.0.0.1 only."""
    for port in ports:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        # Windows would let another program share the port without this; POSIX would wait a
        # minute after a restart without the other.
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", None)
        listener.setsockopt(socket.SOL_SOCKET, exclusive or socket.SO_REUSEADDR, 1)
        try:
            listener.bind((LOOPBACK, port))
            listener.listen(BACKLOG)
        except OSError as error:
            listener.close()
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
            continue
        return listener
    listed = ", ".join(str(port) for port in ports)
    raise SetupError(
        f"Aucun port libre pour le pont : {listed} sont pris par d'autres programmes. Un pont est "
        "peut-être déjà lancé (cps-bridge doctor le dit) ; sinon, choisissez d'autres ports avec "
        "l'option --ports, par exemple --ports 24817,24830."
    )
