"""Asking a person for the PIN: one small interface, four ways, none of them a web page's.

Order of preference: the reader's own pad, a window, pinentry, the terminal (`choice`).
"""

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from cps_bridge.reader import Tries
from cps_bridge.watch import Watch

_PIN = re.compile(r"[0-9]{4,8}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PinRequest:
    """What the person must see before typing: who asks, and the code shown on that page too."""

    origin: str
    code: str
    tries: Tries
    protected_path: bool = False
    # Whose card it is, as its certificate says; "" where it names nobody.
    holder: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PinAnswer:
    """What the person typed; a `str` cannot be wiped, so it lives as short as it can."""

    pin: str = field(repr=False)
    confirmed_last_try: bool = False


class PinPrompt(Protocol):
    """Both methods raise BridgeError(USER_CANCELLED), or what `watch` raises."""

    def ask(self, request: PinRequest, watch: Watch) -> PinAnswer:
        """Wait for the PIN."""

    def announce(self, request: PinRequest, watch: Watch) -> AbstractContextManager[None]:
        """Show who asks while the PIN is typed on the reader; consent first at the last try."""


def is_pin(text: str) -> bool:
    """Say whether `text` may be sent to a card: 4 to 8 ASCII digits."""
    return bool(_PIN.fullmatch(text))
