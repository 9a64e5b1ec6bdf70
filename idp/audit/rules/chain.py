"""The hash chain of the audit log, as pure functions."""

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any, Self

GENESIS = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """A place in the chain and its link: kept outside the database, it pins every row up to it.

    The chain has no key. Whoever can write the whole table can cut its end off, head and all, or
    make every link anew; not so that an anchor kept elsewhere still fits.
    """

    sequence: int
    chain_hash: bytes

    def __str__(self) -> str:
        return f"{self.sequence}:{self.chain_hash.hex()}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `str(anchor)`; `ValueError` for anything else."""
        found = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{64})", text.strip())
        if found is None:
            raise ValueError("an anchor is a row's number, a colon and 64 hexadecimal digits")
        return cls(sequence=int(found[1]), chain_hash=bytes.fromhex(found[2]))


def canonical(content: dict[str, Any]) -> bytes:
    """One and only one byte string for a row's content: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def link(previous_hash: bytes, sequence: int, content: dict[str, Any]) -> bytes:
    """SHA-256 over the previous link, the place in the chain, and the row's content."""
    return hashlib.sha256(previous_hash + sequence.to_bytes(8, "big") + canonical(content)).digest()
