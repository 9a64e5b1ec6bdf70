"""What ends an access before its time, and what it is about: closed sets and frozen values."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Cause(StrEnum):
    """Why; kept with sessions and phones (at most 33 characters), and in the audit log."""

    CARD_OPPOSED = "card opposed"
    LEFT_REGISTER = "left the register"
    PRACTICES_ENDED = "every practice ended"
    REPORTED_LOST = "reported lost by its holder"
    ORDER = "order of the operator"
    # On one phone: it goes with the order, where nothing else has kept it out meanwhile.
    PHONE_ORDER = "operator's order on the phone"


class TargetKind(StrEnum):
    PERSON = "person"
    CARD = "card"
    DEVICE = "device"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What the hooks of a withdrawal are told.

    `card`: the key of the only card whose proofs end, None for all that the person has. `since`:
    the day from which the card was good for nothing. `ends_phones`: no means of the person
    certifies the phones any more.
    """

    person_id: UUID
    cause: Cause
    card: int | None = None
    since: datetime | None = None
    ends_phones: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who or what is to be out from now on, why (to be read later), and who says so.

    `target`: any identifier of a person, the number on a card, the key of a phone.
    """

    kind: TargetKind
    target: str
    reason: str
    by: str
    cause: Cause = Cause.ORDER
