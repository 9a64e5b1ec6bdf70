"""`/sandbox/`: the reader's page.  Looking is a GET; every act is a guarded same-origin POST."""

import asyncio
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from multidict import MultiDictProxy

from cps_bridge.prompts import PinAnswer
from cps_bridge.sandbox.changes import Changes
from cps_bridge.sandbox.pad import Pad
from cps_bridge.sandbox.reader import SandboxReader
from cps_bridge.sandbox.view import Scene, render_page, render_pieces
from cps_bridge.server.guard import PORT, refused

STATIC = Path(__file__).with_name("static")
FILES = {
    "reader.css": "text/css",
    "reader.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "atkinson.woff2": "font/woff2",
}
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
}
KEEP_ALIVE_SECONDS = 15.0
Form = MultiDictProxy[str | bytes | bytearray | web.FileField]


class Page:
    """The handlers of the page, for one reader and its pad."""

    def __init__(self, *, reader: SandboxReader, pad: Pad, changes: Changes) -> None:
        self._reader = reader
        self._pad = pad
        self._changes = changes
        self._csrf = secrets.token_urlsafe(32)

    def add_to(self, app: web.Application) -> None:
        """Add the page's paths to the bridge's application."""
        app.router.add_get("/sandbox/", self.show)
        app.router.add_get("/sandbox/events", self.follow, allow_head=False)
        app.router.add_get("/sandbox/static/{name}", self.file)
        for path, act in (
            ("insert", self._insert),
            ("eject", self._eject),
            ("reset", self._reset),
            ("pin", self._answer_pin),
        ):
            app.router.add_post(f"/sandbox/{path}", self._guarded(act))

    async def show(self, _request: web.Request) -> web.Response:
        """Show the whole page."""
        return web.Response(
            text=render_page(self._scene(), csrf=self._csrf),
            content_type="text/html",
            headers=PAGE_HEADERS,
        )

    async def file(self, request: web.Request) -> web.StreamResponse:
        """Serve one of the page's own files."""
        name = request.match_info["name"]
        if name not in FILES:
            return refused(404, "Not Found")
        content = (STATIC / name).read_bytes()
        return web.Response(body=content, content_type=FILES[name], headers=PAGE_HEADERS)

    async def follow(self, request: web.Request) -> web.StreamResponse:
        """Send the page's pieces whenever they change (server-sent events)."""
        # Only this very page may follow; other pages cannot read it, nor need they keep it open.
        if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            return refused(403, "Forbidden")
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        with self._changes.subscribed() as changed:
            try:
                while not self._changes.is_closed:
                    pieces = render_pieces(self._scene(), csrf=self._csrf)
                    await response.write(f"event: scene\ndata: {json.dumps(pieces)}\n\n".encode())
                    await self._wait(changed, response)
            except ConnectionError:
                pass
        return response

    async def _wait(self, changed: asyncio.Event, response: web.StreamResponse) -> None:
        while not changed.is_set():
            try:
                await asyncio.wait_for(changed.wait(), KEEP_ALIVE_SECONDS)
            except TimeoutError:
                await response.write(b": still here\n\n")
        changed.clear()

    def _scene(self) -> Scene:
        reader = self._reader
        return Scene(
            cards=reader.cards,
            tries={card_id: reader.state.tries(card_id) for card_id in reader.cards},
            inserted=reader.state.inserted,
            is_asked=reader.is_asked,
            outcome=reader.outcome,
            question=self._pad.question,
        )

    def _guarded(
        self, act: Callable[[Form], web.Response | None]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """Wrap an act: same origin, then the page's token, then the act, then the page again."""

        async def handle(request: web.Request) -> web.Response:
            port = request.app[PORT]
            origins = request.headers.getall("Origin", [])
            if origins not in ([f"http://127.0.0.1:{port}"], [f"http://localhost:{port}"]):
                return refused(403, "Forbidden")
            if origins != [f"http://{request.host}"]:
                return refused(403, "Forbidden")
            try:
                form = await request.post()
            except (ValueError, LookupError):  # cut short, or of an unknown charset
                return refused(400, "Bad Request")
            if not hmac.compare_digest(_text(form, "csrf").encode(), self._csrf.encode()):
                return refused(403, "Forbidden")
            return act(form) or _done(request)

        return handle

    def _insert(self, form: Form) -> web.Response | None:
        card_id = _text(form, "card")
        if card_id not in self._reader.cards:
            return refused(404, "Not Found")
        self._reader.insert(card_id)
        return None

    def _eject(self, _form: Form) -> web.Response | None:
        self._reader.eject()
        return None

    def _reset(self, form: Form) -> web.Response | None:
        card_id = _text(form, "card")
        if card_id not in self._reader.cards:
            return refused(404, "Not Found")
        self._reader.reset(card_id)
        return None

    def _answer_pin(self, form: Form) -> web.Response | None:
        question = _text(form, "question")
        if _text(form, "action") == "cancel":
            is_taken = self._pad.cancel(question)
        else:
            answer = PinAnswer(
                pin=_text(form, "pin"), confirmed_last_try=_text(form, "confirm") == "yes"
            )
            is_taken = self._pad.answer(question, answer)
        return None if is_taken else refused(409, "Conflict")


def _text(form: Form, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _done(request: web.Request) -> web.Response:
    """Answer the script with nothing, and a browser without script with the page."""
    if request.headers.get("Accept") == "application/json":
        return web.Response(status=204)
    return web.Response(status=303, headers={"Location": "/sandbox/"})
