"""What the core asks of a card reader; a real one and the sandbox's answer alike.

reader.open() ─> access.find_card() ─> card.sign(pin)      all dropped at the end of `open`
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from cps_bridge.certificates import AuthenticationCertificate, StoredCertificate


class CardState(StrEnum):
    """All that a page may learn before the PIN: no name, no number, no reader."""

    ABSENT = "absent"
    PRESENT = "present"
    LOCKED = "locked"


class Tries(StrEnum):
    """How many PIN tries are left, as far as cards tell; never a number."""

    FULL = "full"
    LOW = "low"
    FINAL = "final"
    LOCKED = "locked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """The first message to a page."""

    card: CardState
    pin_pad: bool


class Card(Protocol):
    """A card in a reader, from its insertion to its removal."""

    @property
    def certificates(self) -> Sequence[StoredCertificate]:
        """The certificates readable without PIN."""

    @property
    def tries(self) -> Tries:
        """The tries left; LOCKED only where that is certain."""

    @property
    def protected_path(self) -> bool:
        """Whether the PIN is typed on the reader itself and never reaches this program."""

    def is_present(self) -> bool:
        """Say whether this card is still there; cheap, asked again and again."""

    def sign(
        self, *, pin: str | None, certificate: AuthenticationCertificate, message: bytes
    ) -> bytes:
        """Open, present the PIN, sign once, close.  `pin` is None only with a protected path."""

    def discard_cached_copies(self) -> bool:
        """Delete what the middleware keeps of this card on disk; say whether it kept any."""


class Access(Protocol):
    """A reader that was switched on."""

    def find_card(self) -> Card | None:
        """Return the card to log in with, None when there is none yet."""


class CardReader(Protocol):
    """Everything behind this interface runs on the one worker thread."""

    def status(self) -> Status:
        """Look, without waiting, whether a card is there."""

    def open(self) -> AbstractContextManager[Access]:
        """Switch the reader on for one authentication."""
