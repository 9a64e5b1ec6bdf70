"""The PIN through GnuPG's `pinentry` (Assuan protocol), where no window toolkit is installed."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote

from cps_bridge.errors import BridgeError, Code
from cps_bridge.prompts import PinAnswer, PinRequest
from cps_bridge.prompts.dialog import dialog, run_dialog
from cps_bridge.prompts.wording import CONFIRM_LAST_TRY, ON_THE_READER, TITLE, as_text
from cps_bridge.reader import Tries
from cps_bridge.watch import Watch


class PinentryPrompt:
    """One child process a question: all commands are written first, the answer is read last."""

    def __init__(self, program: str) -> None:
        self._command = (program,)

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        """Wait for the digits; at the last try, after an explicit confirmation."""
        if request.tries is Tries.FINAL:
            self._confirm(request, watch)
        script = _script(as_text(request), "SETPROMPT Code porteur", "GETPIN")
        pin = _read_pin(run_dialog(self._command, text=script, watch=watch))
        return PinAnswer(pin=pin, confirmed_last_try=request.tries is Tries.FINAL)

    @contextmanager
    def announce(self, request: PinRequest, watch: Watch) -> Iterator[None]:
        """Show the request beside the reader's pad; at the last try, wait for consent first."""
        if request.tries is Tries.FINAL:
            self._confirm(request, watch)
        script = _script(f"{as_text(request)}\n{ON_THE_READER}", "MESSAGE")
        with dialog(self._command, text=script):
            yield

    def _confirm(self, request: PinRequest, watch: Watch) -> None:
        script = _script(as_text(request), f"SETOK {CONFIRM_LAST_TRY}", "CONFIRM")
        if "\nERR " in "\n" + run_dialog(self._command, text=script, watch=watch):
            raise BridgeError(Code.USER_CANCELLED)


def find_pinentry() -> str | None:
    """Return the absolute path of a graphical pinentry, None without one or without a screen."""
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None
    return shutil.which("pinentry")


def _script(description: str, *commands: str) -> str:
    encoded = description.replace("%", "%25").replace("\n", "%0A")
    lines = [f"SETTITLE {TITLE}", f"SETDESC {encoded}", "SETCANCEL Annuler", *commands, "BYE"]
    return "\n".join(lines) + "\n"


def _read_pin(printed: str) -> str:
    for line in printed.splitlines():
        if line.startswith("D "):
            return unquote(line[2:])
    raise BridgeError(Code.USER_CANCELLED)
