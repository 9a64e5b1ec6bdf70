"""The PIN window of the desktop: its toolkit part is `window_process`, run as a child."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cps_bridge.errors import BridgeError, Code
from cps_bridge.prompts import PinAnswer, PinRequest
from cps_bridge.prompts.dialog import dialog, run_dialog
from cps_bridge.prompts.wording import CONFIRM_LAST_TRY, ON_THE_READER, TITLE, warning, whose
from cps_bridge.reader import Tries
from cps_bridge.watch import Watch

SCRIPT = Path(__file__).with_name("window_process.py")
# -I: nothing of the environment or of the working directory is imported beside the toolkit.
COMMAND = (sys.executable, "-I", str(SCRIPT))


class WindowPrompt:
    """A window on top of the others, showing the origin and the control code."""

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        """Wait for the digits and, at the last try, for the ticked box."""
        return self._run(request, watch, entry=True)

    @contextmanager
    def announce(self, request: PinRequest, watch: Watch) -> Iterator[None]:
        """Show the request beside the reader's pad; at the last try, wait for consent first."""
        if request.tries is Tries.FINAL:
            self._run(request, watch, entry=False)
        with dialog(COMMAND, text=_described(request, entry=False, closable=False)):
            yield

    def _run(self, request: PinRequest, watch: Watch, *, entry: bool) -> PinAnswer:
        printed = run_dialog(
            COMMAND, text=_described(request, entry=entry, closable=True), watch=watch
        )
        try:
            answer = json.loads(printed)
        except ValueError as error:
            raise BridgeError(Code.USER_CANCELLED, detail="window closed") from error
        return PinAnswer(pin=answer["pin"], confirmed_last_try=answer["confirmed"])


def is_available() -> bool:
    """Say whether a window can be shown in this session."""
    has_display = os.name == "nt" or sys.platform == "darwin" or bool(os.environ.get("DISPLAY"))
    return has_display and importlib.util.find_spec("tkinter") is not None


def _described(request: PinRequest, *, entry: bool, closable: bool) -> str:
    return json.dumps(
        {
            "title": TITLE,
            "origin": request.origin,
            "code": request.code,
            "holder": whose(request),
            "notice": request.notice if entry or closable else ON_THE_READER,
            "warning": warning(request),
            "confirm": CONFIRM_LAST_TRY if request.tries is Tries.FINAL and closable else "",
            "entry": entry,
            "closable": closable,
        }
    )
