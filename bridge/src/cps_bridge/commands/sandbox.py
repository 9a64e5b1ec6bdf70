"""`cps-bridge sandbox DIR`: the same bridge, whose reader is a page and whose cards are files."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from aiohttp import web

from cps_bridge.commands.serve import serve
from cps_bridge.config import Config
from cps_bridge.prompts.pin_file import PinFilePrompt
from cps_bridge.sandbox.cards import read_cards
from cps_bridge.sandbox.changes import Changes
from cps_bridge.sandbox.pad import Pad
from cps_bridge.sandbox.page import Page
from cps_bridge.sandbox.reader import SandboxReader
from cps_bridge.sandbox.state import State


def sandbox(config: Config, *, directory: Path, pin_file: Path | None = None) -> None:
    """Serve the cards of `directory`; `pin_file` answers in place of the page's pad."""
    cards = read_cards(directory)
    state = State(directory / "state.json", card_ids=cards)
    changes = Changes()
    reader = SandboxReader(cards=cards, state=state, on_change=changes.announce)
    pad = Pad(on_change=changes.announce)
    page = Page(reader=reader, pad=pad, changes=changes)
    serve(
        config,
        reader=reader,
        prompt=PinFilePrompt(pin_file) if pin_file else pad,
        sandbox=True,
        add_page=lambda app: add_page(app, page=page, changes=changes),
    )


def add_page(app: web.Application, *, page: Page, changes: Changes) -> None:
    """Add the reader's page, and let its followers go when the bridge stops."""
    page.add_to(app)

    async def follow_the_loop(_app: web.Application) -> AsyncIterator[None]:
        changes.attach(asyncio.get_running_loop())
        yield

    async def let_go(_app: web.Application) -> None:
        changes.close()

    app.cleanup_ctx.append(follow_the_loop)
    app.on_shutdown.append(let_go)
