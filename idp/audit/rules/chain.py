"""The hash chain of the audit log, as pure functions."""

import hashlib
import json
from typing import Any

GENESIS = bytes(32)


def canonical(content: dict[str, Any]) -> bytes:
    """One and only one byte string for a row's content: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def link(previous_hash: bytes, sequence: int, content: dict[str, Any]) -> bytes:
    """SHA-256 over the previous link, the place in the chain, and the row's content."""
    return hashlib.sha256(previous_hash + sequence.to_bytes(8, "big") + canonical(content)).digest()
