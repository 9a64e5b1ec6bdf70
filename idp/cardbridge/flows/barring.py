"""Certificates that must not log in: kept by serial, and felt at once by who holds such a card.

crl, ocsp → bar → what the card opened ends in the same transaction, and with the last
card of its holder all that they have.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, Max, OuterRef

from idp.audit.flows import Outcome, record
from idp.cardbridge.gateways.bulk import insert_bars
from idp.cardbridge.models import BarredSerial, TrustedCertificate
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.revocation import Bar, Source
from idp.core import clock
from idp.core.errors import IdpError
from idp.core.locks import place_of
from idp.directory.flows.cards import ask_again
from idp.directory.models import Card
from idp.login import flows as login
from idp.login.rules.revocation import Cause

log = structlog.get_logger()

# Cards whose login may have passed the bar a moment before it came down.
SWEPT_BACK = timedelta(hours=1)


def check_not_barred(asked: Collection[tuple[int, str]]) -> None:
    """(key of the issuer's row, serial) of the card and of its authority: one look-up, by index."""
    issuers, serials = {issuer for issuer, _ in asked}, {serial for _, serial in asked}
    rows = BarredSerial.objects.filter(issuer_id__in=issuers, serial__in=serials)
    found = [
        revoked_at
        for issuer, serial, revoked_at in rows.values_list("issuer_id", "serial", "revoked_at")
        if (issuer, serial) in asked
    ]
    days = [day for day in found if day is not None]
    if days:
        # Two sources may name two days: the first is when it stopped being good.
        raise CardRefusedError(CardCode.CARD_REVOKED, status=403, on=min(days))
    if found:
        raise CardRefusedError(
            CardCode.REVOCATION_UNKNOWN, detail="unknown to the OCSP responder", status=503
        )


@transaction.atomic
def bar(issuer: TrustedCertificate, bars: Sequence[Bar]) -> None:
    """Keeps them and ends what their holders have open: both, or neither."""
    before = BarredSerial.objects.aggregate(last=Max("pk"))["last"] or 0
    insert_bars(issuer.pk, bars)
    new = BarredSerial.objects.filter(issuer=issuer, pk__gt=before, revoked_at__isnull=False)
    cards = Card.objects.filter(
        issuer_sha256=issuer.sha256,
        serial__in=new.values("serial"),
        withdrawn_at__isnull=True,
    )
    for card in sorted(cards.select_related("person"), key=_place_of_holder):
        _withdraw_opposed(card)


def _place_of_holder(card: Card) -> int:
    return place_of(card.person_id)


@transaction.atomic
def lift(issuer: TrustedCertificate, *, serials: Iterable[str], sources: Sequence[Source]) -> None:
    """What the source no longer says: a card put on hold and taken off, a certificate long over."""
    said = BarredSerial.objects.filter(issuer=issuer, serial__in=list(serials), source__in=sources)
    gone = list(said.filter(revoked_at__isnull=False).values_list("serial", flat=True))
    said.delete()
    if gone:
        ask_again(Card.objects.filter(issuer_sha256=issuer.sha256, serial__in=gone))


def withdraw_opposed_cards() -> int:
    """Job of the worker: a login that raced with its card's opposition ends here, soon after."""
    barred = BarredSerial.objects.filter(
        issuer__sha256=OuterRef("issuer_sha256"),
        serial=OuterRef("serial"),
        revoked_at__isnull=False,
    )
    cards = Card.objects.filter(
        Exists(barred), last_seen_at__gt=clock.now() - SWEPT_BACK, withdrawn_at__isnull=True
    )
    return sum(_is_swept(card) for card in cards.select_related("person"))


def _is_swept(card: Card) -> bool:
    """One card that fails is tried again in the next round, and keeps no other from its end."""
    try:
        return _withdraw_opposed(card)
    except (IdpError, DatabaseError) as error:
        log.error("card_not_withdrawn", card=card.number, detail=str(error))
        return False


@transaction.atomic
def _withdraw_opposed(card: Card) -> bool:
    opposed = barred_of(card)
    if opposed is not None:
        withdraw_opposed(
            card,
            Opposition(since=opposed.revoked_at, source=opposed.source, reason=opposed.reason),
        )
    return opposed is not None


def barred_of(card: Card) -> Bar | None:
    """The opposition of a card, the first day named."""
    row = (
        BarredSerial.objects.filter(
            issuer__sha256=card.issuer_sha256, serial=card.serial, revoked_at__isnull=False
        )
        .order_by(F("revoked_at").asc())
        .first()
    )
    if row is None:
        return None
    return Bar(
        serial=row.serial, source=Source(row.source), revoked_at=row.revoked_at, reason=row.reason
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opposition:
    """Of one card: the first day named, who says so, and why."""

    since: datetime | None
    source: str
    reason: str


@transaction.atomic
def withdraw_opposed(card: Card, opposed: Opposition) -> bool:
    """Ends what the card opened, once; what else its holder has, by the rule of `login`.

    False when that was done already.
    """
    taken = Card.objects.filter(pk=card.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=clock.now(), opposed_at=opposed.since or clock.now()
    )
    if not taken:
        return False
    ended = login.withdraw_card(card=card, cause=Cause.CARD_OPPOSED, since=opposed.since)
    record(
        event="card_opposed",
        outcome=Outcome.ACCEPTED,
        subject=card.person.national_id,
        is_test=card.person.is_test,
        data={
            "card": card.number,
            "issuer": card.issuer_sha256,
            "serial": card.serial,
            "since": opposed.since.isoformat() if opposed.since else "",
            "source": opposed.source,
            "reason": opposed.reason,
            "ended": ended,
        },
    )
    return True
