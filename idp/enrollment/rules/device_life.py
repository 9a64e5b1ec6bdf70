"""How long a phone lasts: its validity, the time it may lie unused, what its holder is told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# From when on the end is told, and how long a new phone is told to the others.
WARNED_BEFORE: Final = timedelta(days=30)
NOTICED_FOR: Final = timedelta(days=7)


class Ending(StrEnum):
    """What will end a phone soon, or has ended it."""

    NONE = ""
    EXPIRED = "expired"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLife:
    """The dates of an activated phone. `idle`: how long it may lie unused."""

    activated_at: datetime
    last_seen_at: datetime | None
    valid_until: datetime
    idle: timedelta

    @property
    def unused_at(self) -> datetime:
        """When it will have been of no use for too long."""
        return (self.last_seen_at or self.activated_at) + self.idle

    @property
    def ends_at(self) -> datetime:
        return min(self.valid_until, self.unused_at)

    @property
    def _cause(self) -> Ending:
        return Ending.EXPIRED if self.valid_until <= self.unused_at else Ending.UNUSED

    def ended(self, now: datetime) -> Ending:
        """Why it is over; NONE while it is not."""
        return self._cause if now >= self.ends_at else Ending.NONE

    def warning(self, now: datetime) -> Ending:
        """What will end it within the time of warning."""
        return self._cause if now >= self.ends_at - WARNED_BEFORE else Ending.NONE
