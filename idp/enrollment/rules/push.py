"""Web Push as a doorbell (RFC 8030): where it may ring, what it says, when it is rung again."""

import json
from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final
from urllib.parse import urlsplit

from idp.enrollment.rules.encoding import b64u

LONGEST_ENDPOINT: Final = 1000
# RFC 8030 §5.2: nobody wants to hear of a login that is over.
LONGEST_TTL: Final = 120
# RFC 8030 §5.4: at most 32 characters of base64url.
_TOPIC_BYTES: Final = 24
# Waits after the first, second, … try, while there is still something to say.
_WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 15, 30))
_TRY_AGAIN: Final = frozenset({408, 425, 429})


class PushKind(StrEnum):
    """What it rings for. The texts are in the application: nothing else ever travels."""

    REQUEST = "request"
    NEW_DEVICE = "new_device"
    ENDING = "ending"


# Worth hearing for days; a login is over in two minutes.
LASTING: Final = frozenset({PushKind.NEW_DEVICE, PushKind.ENDING})


class PushState(StrEnum):
    """`gone`: the push service knows this phone no more, or never wants to hear of it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    GONE = "gone"
    FAILED = "failed"
    GIVEN_UP = "given_up"


def is_allowed_endpoint(endpoint: str, allowed: Sequence[str]) -> bool:
    """Whether this address is one of the named push services; the phone chose it (SSRF).

    `allowed`: hosts, `*.host` for any name below one, or `http://host:port` (a sandbox's own).
    """
    if len(endpoint) > LONGEST_ENDPOINT or not endpoint.isascii() or not endpoint.isprintable():
        return False
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if "@" in parts.netloc or "\\" in endpoint or " " in endpoint or parts.fragment:
        return False
    if f"{parts.scheme}://{parts.netloc}" in allowed:
        return True
    if parts.scheme != "https" or port not in (None, 443):
        return False
    return any(_covers(pattern, host) for pattern in allowed)


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        # Below it, never the bare name, nor a name that merely ends alike.
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return host == pattern


def payload(kind: PushKind) -> bytes:
    """All that is said: that there is something to look at. No name, no portal, no health data."""
    return json.dumps({"v": 1, "kind": kind}, separators=(",", ":")).encode()


def topic(reference: str) -> str:
    """Of one occasion, so that a second ring takes the place of the first; says nothing of it."""
    return b64u(sha256(b"ecps-push-topic\0" + reference.encode()).digest()[:_TOPIC_BYTES])


def verdict(status: int) -> PushState:
    """Of the push service's answer (RFC 8030 §5, §7.3)."""
    if 200 <= status < 300:
        return PushState.DELIVERED
    if status in {404, 410}:
        return PushState.GONE
    return PushState.PENDING if status >= 500 or status in _TRY_AGAIN else PushState.FAILED


def wait_after(attempts: int) -> timedelta | None:
    """Until the next try; None: give up."""
    return _WAITS[attempts - 1] if attempts <= len(_WAITS) else None
