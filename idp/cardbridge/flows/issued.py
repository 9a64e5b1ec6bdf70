"""Oppositions that the register of issued cards names: refused at a login, acted upon by a sweep.

A second source beside revocation lists, daily; and the orders that bar a card.
"""

from datetime import date, datetime, timedelta
from uuid import UUID

import structlog
from django.db import DatabaseError
from django.utils import timezone

from idp.cardbridge.flows.barring import Opposition, barred_of, withdraw_opposed
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.cards import ask_again
from idp.directory.flows.live_cards import opposed, opposed_in_register, today
from idp.directory.models import AlternativeIdentifier, Card, IssuedCard
from idp.directory.rules.card_numbers import card_number_forms
from idp.login import flows as login

log = structlog.get_logger()

BATCH = 1000
# Logins that may have passed the look-up a moment before the import.
SWEPT_BACK = timedelta(minutes=2)


def check_number_not_barred(number: str) -> None:
    """CardRefusedError, with its day, where the register or an order bars this card.

    One statement.
    """
    barred = login.card_orders([number]).values_list("ordered_at__date")
    rows = opposed([number]).values_list("opposed_on").union(barred)
    days = [day for (day,) in rows if day is not None]
    if days:
        raise CardRefusedError(CardCode.CARD_REVOKED, status=403, on=_midnight(min(days)))


def withdraw_opposed_issued() -> int:
    """Job of the worker: ends what newly opposed cards opened; how many cards."""
    done, after = _withdraw_recent(), 0
    while batch := _batch(after):
        done += _withdraw(batch)
        after = batch[-1].pk
    look_up_again()
    return done


def _batch(after: int) -> list[IssuedCard]:
    rows = IssuedCard.objects.filter(
        opposed_on__isnull=False, opposed_on__lte=today(), withdrawn_at__isnull=True, pk__gt=after
    )
    return list(rows.order_by("pk")[:BATCH])


def _withdraw(batch: list[IssuedCard]) -> int:
    """Those that logged in here with all that they opened, and phones that no card certifies."""
    seen = _seen([form for row in batch for form in card_number_forms(row.number)])
    failed, done = set[int](), 0
    for row in batch:
        if row.number in seen:
            ended = [_end(card, row) for card in seen[row.number]]
            done += any(ended)
            if None in ended:
                failed.add(row.pk)
    done += login.withdraw_uncertified(
        person_ids=_holders([row for row in batch if row.number not in seen])
    )
    acted_on = [row.pk for row in batch if row.pk not in failed]
    nameless = [row.pk for row in batch if row.person_id is None]
    # An import may have put the opposition off meanwhile, or found whose the card is.
    these = IssuedCard.objects.filter(pk__in=acted_on)
    due = these.filter(opposed_on__lte=today()).exclude(pk__in=nameless, person__isnull=False)
    if due.update(withdrawn_at=clock.now()) < len(acted_on):
        meanwhile = these.exclude(opposed_on__lte=today()).values_list("number", flat=True)
        forms = [form for number in meanwhile for form in card_number_forms(number)]
        ask_again(Card.objects.filter(number__in=forms))
    return done


def _holders(rows: list[IssuedCard]) -> set[UUID]:
    """Whose cards they are: as the import found, or as the card itself names them."""
    nameless = [row.national_id for row in rows if row.person_id is None]
    known = AlternativeIdentifier.objects.filter(identifier__in=nameless)
    found = {row.person_id for row in rows if row.person_id is not None}
    return found | set(known.values_list("person_id", flat=True))


def _seen(numbers: list[str]) -> dict[str, list[Card]]:
    """Cards that logged in here, by every form of their number: one for each certificate."""
    found: dict[str, list[Card]] = {}
    for card in Card.objects.select_related("person").filter(number__in=numbers):
        for form in card_number_forms(card.number):
            found.setdefault(form, []).append(card)
    return found


def look_up_again() -> int:
    """Cards that somebody opposes no longer: good again where nobody else does; how many are.

    What an opposition that still stands ended is ended.
    """
    asked = Card.objects.filter(opposed_at__isnull=False, withdrawn_at__isnull=True)
    done = 0
    for card in asked[:BATCH]:
        still = Card.objects.filter(pk=card.pk, withdrawn_at__isnull=True)
        row = opposed_in_register([card.number]).get(card.number)
        if row is not None and row.withdrawn_at is None:
            # To be acted upon yet: the next round does.
            continue
        if row is not None or barred_of(card) is not None:
            still.update(withdrawn_at=clock.now())
        else:
            done += still.update(opposed_at=None)
    return done


def _withdraw_recent() -> int:
    """A login that raced with the import ends here, soon after."""
    recent = Card.objects.select_related("person").filter(
        last_seen_at__gt=clock.now() - SWEPT_BACK, withdrawn_at__isnull=True
    )
    named = opposed_in_register([card.number for card in recent])
    return sum(bool(_end(card, named[card.number])) for card in recent if card.number in named)


def _end(card: Card, row: IssuedCard) -> bool | None:
    """None for one that failed: it is tried again later, and keeps no other from its end."""
    try:
        return withdraw_opposed(card, _opposition(row))
    except (IdpError, DatabaseError) as error:
        log.error("card_not_withdrawn", card=card.number, detail=str(error))
        return None


def _opposition(row: IssuedCard) -> Opposition:
    since = _midnight(row.opposed_on or today())
    return Opposition(since=since, source=row.source, reason=row.opposition_reason)


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, datetime.min.time()))
