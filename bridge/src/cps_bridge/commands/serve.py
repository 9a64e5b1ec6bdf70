"""Runs one bridge until it is told to stop; shared by `run` and `sandbox`."""

import asyncio
import signal
import sys
from collections.abc import Callable

from aiohttp import web

from cps_bridge.authentication import Limits
from cps_bridge.config import Config
from cps_bridge.desk import Desk
from cps_bridge.errors import SetupError
from cps_bridge.prompts import PinPrompt
from cps_bridge.reader import CardReader
from cps_bridge.server.application import make_application, take_port

SHUTDOWN_SECONDS = 2.0
NO_ORIGIN = (
    "Aucune origine autorisée : le pont ne répondrait à personne. Donnez l'adresse de la page de "
    "connexion, par exemple --origin https://connexion.exemple.fr, ou écrivez-la dans les réglages."
)


def serve(
    config: Config,
    *,
    reader: CardReader,
    prompt: PinPrompt,
    sandbox: bool,
    add_page: Callable[[web.Application], None] = lambda _app: None,
) -> None:
    """Listen on the first free port and answer the allowed origins."""
    if not config.origins:
        raise SetupError(NO_ORIGIN)
    listener = take_port(config.ports)
    port = int(listener.getsockname()[1])
    limits = Limits(insert=config.insert_seconds, pin=config.pin_seconds)

    async def main() -> None:
        desk = Desk(reader=reader, prompt=prompt, limits=limits)
        app = make_application(desk=desk, origins=config.origins, port=port, sandbox=sandbox)
        add_page(app)
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS
        )
        await runner.setup()
        await web.SockSite(runner, listener).start()
        told_to_stop = _listen_for_signals()
        _say_ready(port, config, sandbox=sandbox)
        try:
            await told_to_stop.wait()
        finally:
            await runner.cleanup()
            await desk.settle()

    asyncio.run(main())


def _say_ready(port: int, config: Config, *, sandbox: bool) -> None:
    print(f"cps-bridge : prêt sur ws://127.0.0.1:{port}/v1/ws", flush=True)
    for origin in config.origins:
        print(f"cps-bridge : origine autorisée {origin}", flush=True)
    if sandbox:
        print(f"cps-bridge : TEST, lecteur sur http://127.0.0.1:{port}/sandbox/", flush=True)


def _listen_for_signals() -> asyncio.Event:
    """Return an event that SIGINT and SIGTERM set."""
    told = asyncio.Event()
    if sys.platform != "win32":
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, told.set)
    return told
