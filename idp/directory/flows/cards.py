"""The cards that logged in here: noted at each login, shown to their holder and to the operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from idp.core import clock
from idp.directory.models import Card

# The renewed card is sent 1 to 1.5 month before the end: from here on it may be asked for.
WARN_BEFORE = timedelta(days=30)
WARN_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCard:
    """A card that has just proven itself."""

    person_id: UUID
    issuer_sha256: str
    serial: str
    number: str
    kind: str
    not_after: datetime


def note_card(seen: SeenCard) -> int:
    """One statement a login; the key of its row. A card that logs in again is opposed no more."""
    now = clock.now()
    (card,) = Card.objects.bulk_create(
        [
            Card(
                person_id=seen.person_id,
                issuer_sha256=seen.issuer_sha256,
                serial=seen.serial,
                number=seen.number,
                kind=seen.kind,
                not_after=seen.not_after,
                first_seen_at=now,
                last_seen_at=now,
                next_ocsp_at=now,
            )
        ],
        update_conflicts=True,
        unique_fields=["issuer_sha256", "serial"],
        update_fields=[
            *("person", "number", "kind", "not_after", "last_seen_at", "next_ocsp_at"),
            *("opposed_at", "withdrawn_at"),
        ],
    )
    return int(card.pk)


def ask_again(cards: QuerySet[Card]) -> None:
    """Somebody no longer opposes these: whether anybody does is looked up again, by the worker.

    Until then they count as opposed.
    """
    # Those too that somebody is about to end by what they knew before: they are waited for.
    cards.update(withdrawn_at=None)


def end_to_announce(seen: SeenCard) -> datetime | None:
    """The end of a card that ends within thirty days, once a day; else None, for no statement."""
    now = clock.now()
    if seen.not_after - now > WARN_BEFORE:
        return None
    card = Card.objects.filter(issuer_sha256=seen.issuer_sha256, serial=seen.serial)
    told = card.exclude(warned_at__gt=now - WARN_EVERY).update(warned_at=now)
    return seen.not_after if told else None


def cards_of(*, person_id: UUID) -> list[Card]:
    """What a holder sees of their cards: those in date, the last used first."""
    return list(
        Card.objects.filter(person_id=person_id, not_after__gt=clock.now()).order_by(
            "-last_seen_at"
        )
    )


def ends_soon(card: Card) -> bool:
    """In date, not opposed, and within thirty days of its end."""
    left: timedelta = card.not_after - clock.now()
    return card.opposed_at is None and timedelta(0) < left <= WARN_BEFORE


def purge_cards() -> int:
    """A card past its date logs nobody in and is on no list; the audit log keeps its logins."""
    deleted, _by_model = Card.objects.filter(not_after__lt=clock.now() - WARN_BEFORE).delete()
    return deleted
