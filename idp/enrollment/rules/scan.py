"""The QR code of the login page: `login.age.mac`, another one each second.

A picture of it is worth nothing after a few seconds, so that a page of somebody else's cannot show
ours for long.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from idp.enrollment.rules.encoding import b64u, from_b64u

SCAN_MAC_BYTES: Final = 16
# 16 bytes are 22 characters of base64url.
_TOKEN = re.compile(r"([A-Za-z0-9_-]{22})\.(0|[1-9][0-9]{0,5})\.([A-Za-z0-9_-]{22})")
# The seconds are whole on both sides, and both may have been cut.
_ROUNDING = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanToken:
    """`age`: of the login when the page showed this, in seconds."""

    login: UUID
    age: int
    mac: str

    def is_fresh(self, *, began_at: datetime, now: datetime, window: timedelta) -> bool:
        """Shown within the window, and not in the future."""
        since: timedelta = now - began_at - timedelta(seconds=self.age)
        return -_ROUNDING < since < window + _ROUNDING


def scan_body(login: UUID, age: int) -> str:
    """What is signed of a token."""
    return f"{b64u(login.bytes)}.{age}"


def read_scan_token(text: str) -> ScanToken | None:
    """None for what is no token at all; the signature is not verified here."""
    found = _TOKEN.fullmatch(text)
    if found is None:
        return None
    login, age, mac = found.groups()
    try:
        return ScanToken(login=UUID(bytes=from_b64u(login)), age=int(age), mac=mac)
    except ValueError:
        return None
