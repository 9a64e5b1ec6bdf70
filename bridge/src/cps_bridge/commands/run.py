"""`cps-bridge run`: the workstation's bridge, with a real card reader."""

import os
from functools import partial
from pathlib import Path

from cps_bridge.commands.account import refuse_root
from cps_bridge.commands.serve import serve
from cps_bridge.config import Config
from cps_bridge.lock import CardLock, lock_path
from cps_bridge.pkcs11_module import find_module
from cps_bridge.prompts.choice import choose_prompt


def run(config: Config) -> None:
    """Serve the person who started it, never the administrator's account."""
    refuse_root()
    # A configured module that cannot be trusted is told now; a missing one at each login.
    find_module(config.module)
    from cps_bridge.pkcs11_reader import Pkcs11Reader

    reader = Pkcs11Reader(
        find_module=partial(find_module, config.module), lock=CardLock(lock_path())
    )
    serve(config, reader=reader, prompt=choose_prompt(), sandbox=False)


def run_module_in_sandbox(config: Config, *, pin_file: Path) -> None:
    """Serve a soft token with a scripted PIN: sandbox and automated tests only."""
    from cps_bridge.pkcs11_reader import Pkcs11Reader
    from cps_bridge.prompts.pin_file import PinFilePrompt

    owners = {os.getuid()} if os.name == "posix" else set()
    find_module(config.module, owners=owners)
    reader = Pkcs11Reader(find_module=partial(find_module, config.module, owners=owners))
    serve(config, reader=reader, prompt=PinFilePrompt(pin_file), sandbox=True)
