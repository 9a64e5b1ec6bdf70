"""How long a phone lasts: its validity, the time it may lie unused, what its holder is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# How long a new phone is told to the others.
NOTICED_FOR: Final = timedelta(days=7)


class Ending(StrEnum):
    """What will end a phone soon, or has ended it."""

    NONE = ""
    EXPIRED = "expired"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLife:
    """The dates of an activated phone. `idle`: how long it may lie unused; `warnings`: how long
    before its end it is told, the longest first.
    """

    activated_at: datetime
    last_seen_at: datetime | None
    valid_until: datetime
    idle: timedelta
    warnings: tuple[timedelta, ...]

    @property
    def unused_at(self) -> datetime:
        """When it will have been of no use for too long."""
        return (self.last_seen_at or self.activated_at) + self.idle

    @property
    def ends_at(self) -> datetime:
        return min(self.valid_until, self.unused_at)

    @property
    def cause(self) -> Ending:
        """What comes first of the two ends."""
        return Ending.EXPIRED if self.valid_until <= self.unused_at else Ending.UNUSED

    def ended(self, now: datetime) -> Ending:
        """Why it is over; NONE while it is not."""
        return self.cause if now >= self.ends_at else Ending.NONE

    def warning(self, now: datetime) -> Ending:
        """What will end it within the longest of the warnings."""
        return self.cause if now >= self.ends_at - max(self.warnings) else Ending.NONE

    def due_warning(self, now: datetime) -> timedelta | None:
        """Which warning its holder should have had by now; None: none yet, or it is over.

        One that is longer than half of what the phone had to live is none: it would be told of a
        phone that is in use.
        """
        whole = self.valid_until - self.activated_at if self.cause is Ending.EXPIRED else self.idle
        left = self.ends_at - now
        due = [each for each in self.warnings if left <= each and 2 * each <= whole]
        return min(due) if due and left > timedelta(0) else None
