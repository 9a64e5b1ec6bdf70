"""Certificates that must not log in: kept by serial, and felt at once by who holds such a card.

crl, ocsp → bar → the holder's sessions, tokens and phones end in the same transaction (decision 7).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q

from idp.audit.flows import Outcome, record
from idp.cardbridge.gateways.revocation_lists import serial_text
from idp.cardbridge.models import BarredSerial, TrustedCertificate
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.revocation import Source
from idp.core import clock
from idp.directory.models import Card
from idp.login import flows as login

# Cards whose login may have passed the bar a moment before it came down.
SWEPT_BACK = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Why a serial must not log in; `revoked_at` None: unknown to the responder."""

    serial: str
    source: Source
    revoked_at: datetime | None
    reason: str = ""


def check_not_barred(path: Sequence[x509.Certificate]) -> None:
    """The card and the authority that issued it, in one statement. Raises the refusal."""
    asked = Q()
    for certificate, issuer in pairwise(path):
        asked |= Q(
            issuer__sha256=issuer.fingerprint(SHA256()).hex(),
            serial=serial_text(certificate.serial_number),
        )
    found = list(BarredSerial.objects.filter(asked))
    if any(bar.revoked_at for bar in found):
        # Two sources may name two days: the first is when it stopped being good.
        first = min(bar.revoked_at for bar in found if bar.revoked_at)
        raise CardRefusedError(CardCode.CARD_REVOKED, status=403, on=first)
    if found:
        raise CardRefusedError(
            CardCode.REVOCATION_UNKNOWN, detail="unknown to the OCSP responder", status=503
        )


@transaction.atomic
def bar(issuer: TrustedCertificate, bars: Collection[Bar]) -> None:
    """Keeps them and ends what their holders have open: both, or neither."""
    BarredSerial.objects.bulk_create(
        (
            BarredSerial(
                issuer=issuer,
                serial=each.serial,
                source=each.source,
                revoked_at=each.revoked_at,
                reason=each.reason,
            )
            for each in bars
        ),
        ignore_conflicts=True,
    )
    opposed = {each.serial: each for each in bars if each.revoked_at}
    cards = Card.objects.filter(
        issuer_sha256=issuer.sha256, serial__in=list(opposed), withdrawn_at__isnull=True
    )
    for card in cards.select_related("person"):
        _withdraw(card, opposed[card.serial])


def lift(issuer: TrustedCertificate, *, serials: Iterable[str], sources: Sequence[Source]) -> None:
    """What the source no longer says: a card put on hold and taken off, a certificate long over."""
    BarredSerial.objects.filter(
        issuer=issuer, serial__in=list(serials), source__in=sources
    ).delete()


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
    done = 0
    for card in cards.select_related("person"):
        found = barred_of(card)
        if found is not None:
            with transaction.atomic():
                _withdraw(card, found)
            done += 1
    return done


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


def _withdraw(card: Card, opposed: Bar) -> None:
    now = clock.now()
    taken = Card.objects.filter(pk=card.pk, withdrawn_at__isnull=True).update(
        withdrawn_at=now, opposed_at=opposed.revoked_at
    )
    if not taken:
        return
    ended = login.withdraw(person_id=card.person_id, reason="card opposed")
    record(
        event="card_opposed",
        outcome=Outcome.ACCEPTED,
        subject=card.person.national_id,
        is_test=card.person.is_test,
        data={
            "card": card.number,
            "issuer": card.issuer_sha256,
            "serial": card.serial,
            "since": opposed.revoked_at.isoformat() if opposed.revoked_at else "",
            "source": opposed.source,
            "reason": opposed.reason,
            "ended": ended,
        },
    )
