"""What is refused before anything is parsed: foreign hosts, foreign users, foreign origins."""

import logging
import os
from collections.abc import Awaitable, Callable

from aiohttp import web

from cps_bridge.server import peer

log = logging.getLogger(__name__)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PORT: web.AppKey[int] = web.AppKey("port", int)
ORIGINS: web.AppKey[frozenset[str]] = web.AppKey("origins", frozenset)
HEADERS = {
    "Server": "cps-bridge",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a wrong Host (421) or another user of this computer (403) on every path."""
    refusal = _refuse_host(request) or _refuse_peer(request)
    try:
        response = refusal or await handler(request)
    except web.HTTPException as error:
        # aiohttp's own refusals (no such path, too large) are answers like the others.
        response = refused(error.status, error.reason)
    if not response.prepared:
        response.headers.update(HEADERS | dict(response.headers))
    return response


def allowed_origin(request: web.Request) -> str | None:
    """Return the request's origin if the administrator listed exactly it, else None.

    The only judge of origins.  No wildcard, no suffix, no `null`, no missing header: the origin
    is what the card will sign for.
    """
    sent = request.headers.getall("Origin", [])
    if len(sent) == 1 and sent[0] in request.app[ORIGINS]:
        return sent[0]
    log.warning("origin_refused origin=%r", [value[:255] for value in sent])
    return None


def refused(status: int, reason: str) -> web.Response:
    """Answer a refusal that says its reason and nothing else."""
    return web.Response(status=status, text=reason + "\n")


def _refuse_host(request: web.Request) -> web.Response | None:
    # A name that an attacker points at 127.0.0.1 shows here (DNS rebinding).
    port = request.app[PORT]
    sent = request.headers.getall("Host", [])
    if len(sent) == 1 and sent[0] in {f"127.0.0.1:{port}", f"localhost:{port}"}:
        return None
    log.warning("host_refused host=%r", [value[:255] for value in sent])
    return refused(421, "Misdirected Request")


def _refuse_peer(request: web.Request) -> web.Response | None:
    if not peer.can_tell():
        return None
    end = request.transport.get_extra_info("peername") if request.transport else None
    uid = peer.uid_of_peer((end[0], end[1]), port=request.app[PORT]) if end else None
    if uid == os.getuid():
        return None
    log.warning("peer_refused uid=%s", uid)
    return refused(403, "Forbidden")
