"""What the doctor says: a mark, a sentence, and the cure."""

from dataclasses import dataclass
from enum import StrEnum


class Mark(StrEnum):
    """How a finding reads at a glance."""

    GOOD = "✓"
    NOTE = "·"
    BAD = "✗"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at, and what to do about it."""

    mark: Mark
    text: str
    cure: str = ""


def good(text: str) -> Finding:
    """Return what is as it should be."""
    return Finding(mark=Mark.GOOD, text=text)


def note(text: str, cure: str = "") -> Finding:
    """Return what stands in nobody's way, and is worth knowing."""
    return Finding(mark=Mark.NOTE, text=text, cure=cure)


def bad(text: str, cure: str) -> Finding:
    """Return what stands in the way of a card login; never without its cure."""
    return Finding(mark=Mark.BAD, text=text, cure=cure)
