"""What the OCSP responder says of the cards in use: asked by the worker, never by a login.

An answer can only take away: a card that it calls revoked ends at once, before the next list; one
that it does not know is refused until it does. It never stands in for a list that is missing.
"""

import secrets
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F

from idp.cardbridge.flows.barring import bar, lift
from idp.cardbridge.gateways.ocsp import (
    OcspAnswer,
    OcspQuestion,
    read_answer,
    refused,
    write_question,
)
from idp.cardbridge.gateways.pki import read_certificate
from idp.cardbridge.models import TrustedCertificate
from idp.cardbridge.rules.revocation import Bar, Source
from idp.core import clock, outbound
from idp.core.errors import IdpError
from idp.directory.models import Card

log = structlog.get_logger()

# A card whose session may still be open is asked about often; the others, for their phones, daily.
ASK_IN_USE_EVERY = timedelta(minutes=30)
ASK_EVERY = timedelta(days=1)
# A responder that is down is left in peace for a while: the lists go on meanwhile.
ASK_AGAIN = timedelta(minutes=5)
CARDS_A_ROUND = 50
MAX_ANSWER_BYTES = 32 * 1024
ANSWER_SECONDS = 5.0
NONCE_BYTES = 32


def ask_about_due_cards() -> int:
    """A round of the worker: the number of cards that got an answer."""
    answered = 0
    for issuer in _asked_authorities():
        due = Card.objects.filter(
            issuer_sha256=issuer.sha256, next_ocsp_at__lte=clock.now(), not_after__gt=clock.now()
        ).order_by("next_ocsp_at")
        for card in due[:CARDS_A_ROUND]:
            try:
                answer = _ask(issuer, card)
            except IdpError as error:
                _note_failure(issuer, error)
                break  # the next card would meet the same responder
            answered += _is_taken(issuer, card, answer)
    return answered


def _asked_authorities() -> list[TrustedCertificate]:
    trusted = TrustedCertificate.objects.filter(enabled=True, accepts_cards=True)
    if not settings.HYGIE.is_sandbox:
        trusted = trusted.filter(is_test=False)
    return list(trusted.exclude(ocsp_url="").order_by("pk"))


def _ask(issuer: TrustedCertificate, card: Card) -> OcspAnswer:
    question = OcspQuestion(
        issuer=read_certificate(bytes(issuer.der)),
        serial_number=int(card.serial, 16),
        nonce=secrets.token_bytes(NONCE_BYTES),
    )
    answer = outbound.send(
        url=issuer.ocsp_url,
        method="POST",
        headers={"Content-Type": "application/ocsp-request"},
        content=write_question(question),
        max_bytes=MAX_ANSWER_BYTES,
        seconds=ANSWER_SECONDS,
    )
    if answer.status != 200:
        raise refused(f"the server answered {answer.status}")
    return read_answer(
        answer.body, question, now=clock.now(), requires_nonce=issuer.ocsp_requires_nonce
    )


def _is_taken(issuer: TrustedCertificate, card: Card, answer: OcspAnswer) -> bool:
    """Whether the answer had its effect. Where it had not, the other cards get theirs all the same:
    this one is asked about again soon."""
    try:
        _take(issuer, card, answer)
    except (IdpError, DatabaseError) as error:
        log.error("ocsp_answer_not_taken", card=card.number, detail=str(error))
        Card.objects.filter(pk=card.pk).update(next_ocsp_at=clock.now() + ASK_AGAIN)
        return False
    return True


@transaction.atomic
def _take(issuer: TrustedCertificate, card: Card, answer: OcspAnswer) -> None:
    own = [Source.RESPONDER, Source.UNKNOWN]
    if answer.is_good:
        lift(issuer, serials=[card.serial], sources=own)
    elif answer.revoked_at is None:
        log.warning("ocsp_unknown", issuer=issuer.sha256, card=card.number)
        bar(issuer, [Bar(serial=card.serial, source=Source.UNKNOWN, revoked_at=None)])
    else:
        lift(issuer, serials=[card.serial], sources=[Source.UNKNOWN])
        bar(
            issuer,
            [
                Bar(
                    serial=card.serial,
                    source=Source.RESPONDER,
                    revoked_at=answer.revoked_at,
                    reason=answer.reason,
                )
            ],
        )
    now = clock.now()
    in_use = now - card.last_seen_at < settings.HYGIE.lifetimes.sso_session
    Card.objects.filter(pk=card.pk).update(
        next_ocsp_at=now + (ASK_IN_USE_EVERY if in_use else ASK_EVERY)
    )
    TrustedCertificate.objects.filter(pk=issuer.pk, ocsp_failures__gt=0).update(
        ocsp_failures=0, last_ocsp_failure=""
    )


def _note_failure(issuer: TrustedCertificate, error: IdpError) -> None:
    log.error("ocsp_failed", url=issuer.ocsp_url, detail=error.detail)
    TrustedCertificate.objects.filter(pk=issuer.pk).update(
        ocsp_failures=F("ocsp_failures") + 1, last_ocsp_failure=error.detail[:300]
    )
    Card.objects.filter(issuer_sha256=issuer.sha256, next_ocsp_at__lte=clock.now()).update(
        next_ocsp_at=clock.now() + ASK_AGAIN
    )
