"""The PIN in the terminal the bridge was started from: the last resort, POSIX only."""

import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from cps_bridge.errors import BridgeError, Code
from cps_bridge.prompts import PinAnswer, PinRequest
from cps_bridge.prompts.wording import ON_THE_READER, as_text
from cps_bridge.reader import Tries
from cps_bridge.watch import POLL_SECONDS, Watch

if sys.platform != "win32":
    import termios

YES = "oui"


class TerminalPrompt:
    """Reads without echo, and gives the terminal back when the page goes away."""

    def __init__(self, *, path: str = "/dev/tty") -> None:
        self._path = path

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        """Wait for the digits; at the last try, after an explicit confirmation."""
        with self._open() as terminal:
            confirmed = self._introduce(terminal, request, watch)
            terminal.write("Code porteur (vide pour annuler) : ")
            with _silent(terminal):
                pin = _read_line(terminal, watch)
            terminal.write("\n")
        if not pin:
            raise BridgeError(Code.USER_CANCELLED)
        return PinAnswer(pin=pin, confirmed_last_try=confirmed)

    @contextmanager
    def announce(self, request: PinRequest, watch: Watch) -> Iterator[None]:
        """Print the request beside the reader's pad; at the last try, wait for consent first."""
        with self._open() as terminal:
            self._introduce(terminal, request, watch)
            terminal.write(ON_THE_READER + "\n")
        yield

    def _open(self) -> IO[str]:
        descriptor = os.open(self._path, os.O_RDWR | os.O_NOCTTY)
        return os.fdopen(descriptor, "w", buffering=1, encoding="utf-8")

    def _introduce(self, terminal: IO[str], request: PinRequest, watch: Watch) -> bool:
        terminal.write(f"\n{as_text(request)}\n")
        if request.tries is not Tries.FINAL:
            return False
        terminal.write(f"Tapez « {YES} » pour utiliser le dernier essai : ")
        terminal.flush()
        if _read_line(terminal, watch) != YES:
            raise BridgeError(Code.USER_CANCELLED)
        return True


def is_available() -> bool:
    """Say whether there is a terminal to ask in."""
    return sys.platform != "win32" and sys.stdin is not None and sys.stdin.isatty()


@contextmanager
def _silent(terminal: IO[str]) -> Iterator[None]:
    terminal.flush()
    descriptor = terminal.fileno()
    before = termios.tcgetattr(descriptor)
    quiet = termios.tcgetattr(descriptor)
    quiet[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, quiet)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)


def _read_line(terminal: IO[str], watch: Watch) -> str:
    """Return one line, unless the watch ends the wait first."""
    terminal.flush()
    while not select.select([terminal.fileno()], [], [], POLL_SECONDS)[0]:
        watch.check()
    return os.read(terminal.fileno(), 1024).decode("utf-8", "replace").strip()
