"""Limits of the e-CPS that no deployment changes (lifetimes: `idp.configuration.Lifetimes`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

MAX_ACTIVE_DEVICES: Final = 3
PIN_TRIES: Final = 3
# A device last seen less than this ago costs no write.
SEEN_EVERY: Final = timedelta(minutes=1)
# The page asks for a fresh QR code this long before the one it shows is over.
QR_MARGIN: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """At most `limit` events within `window`."""

    limit: int
    window: timedelta


# 50 bits against 20 tries per network and ten minutes: no guess ever lands.
TYPED_CODE_TRIES: Final = Rate(limit=20, window=timedelta(minutes=10))
CLAIMS: Final = Rate(limit=120, window=timedelta(minutes=1))
PHONE_LOGIN_STARTS: Final = Rate(limit=30, window=timedelta(minutes=1))
# A known passkey that fails to verify: a thief at work, or a broken phone.
PASSKEY_FAILURES: Final = Rate(limit=10, window=timedelta(hours=1))
KEY_SUBMISSIONS: Final = Rate(limit=5, window=timedelta(minutes=10))
