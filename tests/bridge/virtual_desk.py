"""A workstation with a virtual reader: pcscd, OpenSC's module, the whole bridge, a login page."""

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from cps_bridge.authentication import Limits
from cps_bridge.pkcs11_module import PROBES, find_module
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cps_bridge.prompts import PinAnswer, PinRequest
from cps_bridge.reader import Tries
from cps_bridge.watch import Watch

from tests.bridge.page import connected
from tests.bridge.pki import Pair, authentication_pair, signature_pair
from tests.bridge.scripted import ScriptedPrompt
from tests.emulators.pcscd import Pcscd
from tests.emulators.piv_card import AUTHENTICATION, SIGNATURE, KeyPair, PivCard
from tests.emulators.vpcd import Slot

PIN, WRONG_PIN, PUK = "1234", "9999", "87654321"
SEEN_SECONDS = 20.0
# A machine under load must not turn a verdict into a time-out.
LIMITS = Limits(insert=60, pin=60)

Message = dict[str, Any]


def opensc_module() -> Path:
    """Return OpenSC's module, checked as the bridge checks any module."""
    found = find_module(probes=[path for path in PROBES["linux"] if "opensc" in path])
    assert found is not None, "needed: apt-get install opensc-pkcs11 (./run test does it)"
    return found


def virtual_card(auth: Pair | None = None, *, sign: Pair | None = None) -> PivCard:
    """Return a card as a CPS holds: a pair to log in with, and one to sign documents with."""
    return PivCard(
        {
            AUTHENTICATION: _key_pair(auth or authentication_pair()),
            SIGNATURE: _key_pair(sign or signature_pair()),
        },
        pin=PIN,
        puk=PUK,
    )


def _key_pair(pair: Pair) -> KeyPair:
    return KeyPair(certificate=pair.certificate, key=pair.key)


class PatientPrompt(ScriptedPrompt):
    """Out of PINs, it stays open like a window that nobody answers, until the watch ends it."""

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        if self.has_pins:
            return super().ask(request, watch)
        self.requests.append(request)
        self.meanwhile()
        while True:
            watch.pause()


class VirtualDesk:
    """The reader's slots, the bridge's reader and prompt, and the page that logs in."""

    def __init__(self, daemon: Pcscd, http: aiohttp.ClientSession) -> None:
        self.daemon = daemon
        self.reader = Pkcs11Reader(find_module=opensc_module)
        self.prompt = PatientPrompt()
        self.port = 0
        self._http = http

    @property
    def slot(self) -> Slot:
        """The slot that most tests need."""
        return self.daemon.slots[0]

    @property
    def asked(self) -> list[Tries]:
        """How many tries each prompt of the last login warned of."""
        return [request.tries for request in self.prompt.requests]

    async def shows(self, card: str) -> None:
        """Wait until the bridge tells a page that the card is `absent`, `present` or `locked`."""
        deadline = time.monotonic() + SEEN_SECONDS
        while (shown := await self._status()) != card:
            assert time.monotonic() < deadline, f"still {shown}"
            await asyncio.sleep(0.05)

    async def _status(self) -> str:
        async with connected(self._http, self.port) as page:
            return str(page.status["card"])

    async def log_in(
        self,
        *pins: str,
        confirm: bool = False,
        meanwhile: Callable[[], None] = lambda: None,
        on_insert_card: Callable[[], None] = lambda: None,
    ) -> Message:
        """Ask for a token and return the last message.

        `meanwhile` happens while the PIN is asked, `on_insert_card` when the page was told to
        have a card inserted.
        """
        self.prompt.will_type(*pins, confirm=confirm, meanwhile=meanwhile)
        async with connected(self._http, self.port) as page:
            await page.ask()
            while (message := await page.next(LIMITS.insert))["type"] == "progress":
                if message["state"] == "insert_card":
                    await asyncio.to_thread(on_insert_card)
        return message


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a state that another process brings about."""
    deadline = time.monotonic() + SEEN_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


def unblock(new_pin: str, environment: dict[str, str]) -> None:
    """Give the card its tries back by its PUK, with OpenSC's own tool: the bridge offers none."""
    done = subprocess.run(
        [
            *("pkcs15-tool", "--unblock-pin", "--auth-id", "01"),
            *("--puk", PUK, "--new-pin", new_pin),
        ],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, done.stdout + done.stderr
