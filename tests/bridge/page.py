"""Drives a sandbox bridge over HTTP as its page does, and the login page's WebSocket."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from cps_bridge.commands.sandbox import add_page
from cps_bridge.sandbox.cards import read_cards
from cps_bridge.sandbox.changes import Changes
from cps_bridge.sandbox.pad import Pad, Question
from cps_bridge.sandbox.page import Page
from cps_bridge.sandbox.reader import SandboxReader
from cps_bridge.sandbox.state import State

ORIGIN = "https://idp.example"
CHALLENGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


class SandboxBridge:
    """The parts of a sandbox bridge, as `cps-bridge sandbox` puts them together."""

    def __init__(self, directory: Path) -> None:
        cards = read_cards(directory)
        self.changes = Changes()
        self.state = State(directory / "state.json", card_ids=cards)
        self.reader = SandboxReader(cards=cards, state=self.state, on_change=self.changes.announce)
        self.pad = Pad(on_change=self.changes.announce)
        self.page = Page(reader=self.reader, pad=self.pad, changes=self.changes)

    def add_page(self, app: web.Application) -> None:
        add_page(app, page=self.page, changes=self.changes)


class BridgePage:
    """A person in front of the reader's page."""

    def __init__(self, http: aiohttp.ClientSession, *, bridge: SandboxBridge, port: int) -> None:
        self.http = http
        self.bridge = bridge
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    async def html(self) -> str:
        async with self.http.get(f"{self.base}/sandbox/") as answer:
            return await answer.text()

    async def post(
        self,
        path: str,
        fields: dict[str, str] | None = None,
        *,
        csrf: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> int:
        """Post as the page does; return the status."""
        token = csrf if csrf is not None else await self.csrf()
        async with self.http.post(
            f"{self.base}/sandbox/{path}",
            data={"csrf": token, **(fields or {})},
            headers={"Origin": self.base, "Accept": "application/json"} | (headers or {}),
        ) as answer:
            return answer.status

    async def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', await self.html())
        assert found is not None
        return found[1]

    async def insert(self, card_id: str) -> None:
        assert await self.post("insert", {"card": card_id}) == 204

    async def answer(self, pin: str, *, confirm: bool = False) -> int:
        """Type a PIN for the question that is on the page."""
        question = await self.question()
        fields = {"question": question.id, "pin": pin, "action": "ok"}
        return await self.post("pin", fields | ({"confirm": "yes"} if confirm else {}))

    async def cancel(self) -> int:
        question = await self.question()
        return await self.post("pin", {"question": question.id, "action": "cancel"})

    async def question(self, *, after: Question | None = None) -> Question:
        """Wait for a question on the page, another one than `after`."""
        with self.bridge.changes.subscribed() as changed:
            while (question := self.bridge.pad.question) is None or question == after:
                await changed.wait()
                changed.clear()
        return question

    async def log_in(self, pin: str, *, confirm: bool = False) -> dict[str, Any]:
        """Ask for a token, type `pin`, return the bridge's last message."""
        async with connected(self.http, self.port) as login:
            await login.ask()
            message = await login.next()
            if message["type"] == "progress":
                assert await self.answer(pin, confirm=confirm) == 204
                message = await login.next()
            return message


class LoginPage:
    """The identity provider's page, at the other end of the WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, status: dict[str, Any]) -> None:
        self.socket = socket
        self.status = status

    async def ask(self, challenge: str = CHALLENGE) -> None:
        await self.socket.send_json({"type": "authenticate", "challenge": challenge})

    async def next(self, seconds: float = 10) -> dict[str, Any]:
        message: dict[str, Any] = await self.socket.receive_json(timeout=seconds)
        return message


@asynccontextmanager
async def connected(
    http: aiohttp.ClientSession, port: int, *, origin: str | None = ORIGIN
) -> AsyncIterator[LoginPage]:
    """Open the WebSocket and read the status that comes first."""
    async with http.ws_connect(
        f"ws://127.0.0.1:{port}/v1/ws", protocols=["cps-bridge.v1"], origin=origin
    ) as socket:
        yield LoginPage(socket, await socket.receive_json(timeout=10))
