"""What the bridge's tests share: scripted prompts, running bridges, a page's connection."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from cps_bridge.authentication import Limits
from cps_bridge.commands import doctor
from cps_bridge.desk import Desk
from cps_bridge.prompts import PinPrompt
from cps_bridge.reader import CardReader
from cps_bridge.server.application import make_application, take_port

from tests.bridge.cards import write_tray
from tests.bridge.middleware import AUTH, SIGN, CpsCard, Middleware
from tests.bridge.page import BridgePage, SandboxBridge
from tests.bridge.pki import authentication_pair, signature_pair
from tests.bridge.virtual_desk import LIMITS as PATIENCE
from tests.bridge.virtual_desk import VirtualDesk
from tests.bridge.workplace import Doctor, Workplace
from tests.emulators.pcscd import Pcscd

PORTS = tuple(range(24905, 24950))
ORIGIN = "https://idp.example"
LIMITS = Limits(insert=5, pin=5)
Start = Callable[..., Awaitable[int]]


@pytest.fixture
async def start_bridge() -> AsyncIterator[Start]:
    """Start a bridge around any reader and prompt; return its port."""
    runners: list[web.AppRunner] = []

    async def start(
        *,
        reader: CardReader,
        prompt: PinPrompt,
        limits: Limits = LIMITS,
        add_page: Callable[[web.Application], None] = lambda _app: None,
        sandbox: bool = False,
    ) -> int:
        listener = take_port(PORTS)
        port = int(listener.getsockname()[1])
        app = make_application(
            desk=Desk(reader=reader, prompt=prompt, limits=limits),
            origins=[ORIGIN],
            port=port,
            sandbox=sandbox,
        )
        add_page(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        runners.append(runner)
        return port

    yield start
    await asyncio.gather(*(runner.cleanup() for runner in runners))


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def reader_page(
    start_bridge: Start, http: aiohttp.ClientSession, tmp_path: Path
) -> BridgePage:
    """A sandbox bridge with its tray of cards, and the page of its reader."""
    bridge = SandboxBridge(write_tray(tmp_path))
    port = await start_bridge(
        reader=bridge.reader, prompt=bridge.pad, add_page=bridge.add_page, sandbox=True
    )
    return BridgePage(http, bridge=bridge, port=port)


@pytest.fixture
def card() -> CpsCard:
    return CpsCard({SIGN: signature_pair(), AUTH: authentication_pair()})


@pytest.fixture
def module(card: CpsCard) -> Middleware:
    return Middleware(card)


@pytest.fixture(scope="session")
def _pcscd() -> Iterator[Pcscd]:
    """One a process: libpcsclite reads where its daemon is only once."""
    with tempfile.TemporaryDirectory(prefix="pcscd-") as folder:
        daemon = Pcscd(Path(folder))
        os.environ.update(daemon.environment)
        try:
            yield daemon
        finally:
            for name in daemon.environment:
                del os.environ[name]


@pytest.fixture
def pcscd(_pcscd: Pcscd) -> Iterator[Pcscd]:
    """The daemon with its two slots, no card in."""
    with _pcscd.running() as daemon:
        yield daemon


@pytest.fixture
async def virtual_desk(
    pcscd: Pcscd, start_bridge: Start, http: aiohttp.ClientSession
) -> VirtualDesk:
    """A bridge over OpenSC over pcscd."""
    desk = VirtualDesk(pcscd, http)
    desk.port = await start_bridge(reader=desk.reader, prompt=desk.prompt, limits=PATIENCE)
    return desk


@pytest.fixture
def visit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Doctor:
    desk = Workplace(home=tmp_path)
    monkeypatch.setattr(doctor, "find_module", desk.find_module)
    monkeypatch.setattr("cps_bridge.commands.doctor.os.geteuid", lambda: desk.user_id)
    monkeypatch.setattr("cps_bridge.prompts.window.is_available", lambda: desk.has_window)
    monkeypatch.setattr(doctor, "find_pinentry", lambda: None)
    monkeypatch.setattr("cps_bridge.prompts.terminal.is_available", lambda: False)
    return Doctor(desk, capsys)
