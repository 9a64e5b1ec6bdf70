"""`cps-bridge native`: started by a browser for the extension, never by a person."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cps_bridge.authentication import Limits
from cps_bridge.commands.account import refuse_root
from cps_bridge.config import Config
from cps_bridge.desk import Desk
from cps_bridge.errors import SetupError
from cps_bridge.lock import CardLock, lock_path
from cps_bridge.native.host import Pipes, is_our_extension, serve_browser
from cps_bridge.pkcs11_module import find_module
from cps_bridge.prompts import PinPrompt
from cps_bridge.prompts.choice import choose_prompt
from cps_bridge.prompts.pin_file import PinFilePrompt
from cps_bridge.reader import CardReader


def native(
    config: Config, *, caller: Sequence[str], directory: Path | None, pin_file: Path | None
) -> None:
    """Serve the page that the extension speaks for; `directory` and `pin_file`: test cards."""
    if not is_our_extension(caller, extensions=config.extensions):
        raise SetupError(f"Cette commande est lancée par l'extension du navigateur : {caller}")
    if directory is None:
        refuse_root()
    reader = _test_reader(directory) if directory else _card_reader(config)
    prompt: PinPrompt = PinFilePrompt(pin_file) if pin_file else choose_prompt()
    desk = Desk(
        reader=reader,
        prompt=prompt,
        limits=Limits(insert=config.insert_seconds, pin=config.pin_seconds),
    )
    # Unbuffered: Python cannot end in peace while a thread waits inside a buffered reader.
    with open(sys.stdin.fileno(), "rb", buffering=0, closefd=False) as incoming:
        pipes = Pipes(incoming=incoming, outgoing=sys.stdout.buffer)
        asyncio.run(serve_browser(pipes, desk=desk, origins=config.origins))


def _card_reader(config: Config) -> CardReader:
    from cps_bridge.pkcs11_reader import Pkcs11Reader

    return Pkcs11Reader(find_module=partial(find_module, config.module), lock=CardLock(lock_path()))


def _test_reader(directory: Path) -> CardReader:
    from cps_bridge.sandbox.cards import read_cards
    from cps_bridge.sandbox.reader import SandboxReader
    from cps_bridge.sandbox.state import State

    cards = read_cards(directory)
    state = State(directory / "state.json", card_ids=cards)
    return SandboxReader(cards=cards, state=state, on_change=lambda: None)
