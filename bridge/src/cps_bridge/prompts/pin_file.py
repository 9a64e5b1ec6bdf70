"""The PIN from a file: for scripted runs in the sandbox only, which `cli` enforces."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cps_bridge.errors import BridgeError, Code
from cps_bridge.prompts import PinAnswer, PinRequest, is_pin
from cps_bridge.watch import Watch


class PinFilePrompt:
    """Reads the file at each question, so that a test may change its content."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        """Return the file's digits; whoever wrote the file confirmed the last try by that."""
        try:
            pin = self._path.read_text("ascii").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BridgeError(Code.USER_CANCELLED, detail=f"PIN file: {error}") from error
        if not is_pin(pin):
            raise BridgeError(Code.USER_CANCELLED, detail="PIN file holds no PIN")
        return PinAnswer(pin=pin, confirmed_last_try=True)

    @contextmanager
    def announce(self, request: PinRequest, watch: Watch) -> Iterator[None]:
        """Nothing to show."""
        yield
