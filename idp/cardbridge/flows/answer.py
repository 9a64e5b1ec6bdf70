"""The two things that end a try: the card's answer, or the bridge's word that there is none."""

from typing import Any

import structlog
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.cardbridge.flows.challenges import take_challenge
from idp.cardbridge.flows.evidence import card_evidence
from idp.cardbridge.flows.explanations import explained
from idp.cardbridge.flows.verification import VerifiedCard, verify_token
from idp.cardbridge.gateways.revocation_lists import serial_text
from idp.cardbridge.rules.holder import CardHolder
from idp.cardbridge.rules.refusals import BridgeCode, CardCode, CardRefusedError
from idp.cardbridge.rules.token import WebEidToken
from idp.core import clock, throttle
from idp.core.errors import IdpError
from idp.directory.flows.cards import SeenCard, end_to_announce, note_card
from idp.directory.flows.find import find_professional
from idp.directory.rules.professional import Professional
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import Authentication, AuthMode, MethodName
from idp.login.rules.levels import Level

log = structlog.get_logger()

# RFC 8176 §2. sc: a smart card; pin: its code, which the bridge asks for at each signature; mfa:
# the two together; hwk: the key cannot leave the chip. The four that Pro Santé Connect itself
# expects of a card login.
AMR = ("sc", "pin", "mfa", "hwk")
FAILURES_PER_ATTEMPT = 40
ANSWERS_PER_ATTEMPT = 40


def log_in_with_card(*, attempt: LoginAttempt, body: bytes) -> None:
    """Proves the attempt, or raises one refusal, audited and explained. The attempt stays open."""
    # Beside the audit: a flood must not fill it.
    _count("card_answer", attempt, limit=ANSWERS_PER_ATTEMPT)
    try:
        _prove(attempt, body)
    except CardRefusedError as error:
        raise login.note_failure(
            attempt=attempt,
            error=explained(error),
            method=MethodName.CARD,
            subject=error.proven_subject,
        ) from error
    except IdpError as error:
        raise login.note_failure(attempt=attempt, error=error, method=MethodName.CARD) from error


def note_bridge_failure(*, attempt: LoginAttempt, code: BridgeCode) -> IdpError:
    """What the bridge or the page reports: audited, and returned with its explanation."""
    _count("card_failure", attempt, limit=FAILURES_PER_ATTEMPT)
    return login.note_failure(
        attempt=attempt,
        error=explained(CardRefusedError(code, detail="reported by the workstation")),
        method=MethodName.CARD,
    )


def _count(name: str, attempt: LoginAttempt, *, limit: int) -> None:
    window = settings.HYGIE.lifetimes.login_attempt
    throttle.hit(name, str(attempt.pk), limit=limit, window=window)


def _prove(attempt: LoginAttempt, body: bytes) -> None:
    # Taken first and for good: a wrong answer costs the challenge too.
    challenge = take_challenge(attempt=attempt)
    token = WebEidToken.parse(body)
    card = verify_token(token=token, challenge=challenge)
    professional = _professional_of(card)
    evidence = card_evidence(
        token=token, card=card, origin=settings.HYGIE.origin, challenge=challenge
    )
    _note_and_prove(attempt, card, professional, evidence)
    _compare_professions(attempt, card.holder, professional)


@transaction.atomic
def _note_and_prove(
    attempt: LoginAttempt, card: VerifiedCard, professional: Professional, evidence: dict[str, Any]
) -> None:
    """The card's row is locked until the proof is there to be seen.

    An opposition meanwhile waits for it and ends this login too; one that came just before has its
    mark taken off the row, and the worker's sweep finds it.
    """
    seen = _seen(card, professional)
    card_id = note_card(seen)
    login.prove_within(
        attempt=attempt,
        authentication=Authentication(
            person_id=professional.person_id,
            national_id=professional.national_id,
            method=MethodName.CARD,
            auth_mode=AuthMode.CARD,
            amr=AMR,
            level=Level(settings.HYGIE.level_of_card(card.kind)),
            at=clock.now(),
            ends_soon_at=end_to_announce(seen),
            is_test=card.holder.is_test or professional.is_test,
            card=card_id,
            evidence=evidence,
        ),
    )


def _seen(card: VerifiedCard, professional: Professional) -> SeenCard:
    return SeenCard(
        person_id=professional.person_id,
        issuer_sha256=card.path[1].fingerprint(SHA256()).hex(),
        serial=serial_text(card.certificate.serial_number),
        number=card.holder.card_number,
        kind=card.kind,
        not_after=card.certificate.facts.not_after,
    )


def _professional_of(card: VerifiedCard) -> Professional:
    identifier = card.holder.national_id.value
    professional = find_professional(identifier=identifier)
    if professional is None:
        error = CardRefusedError(
            CardCode.PROFESSIONAL_UNKNOWN, detail="valid card, no row", status=403
        )
        error.proven_subject = identifier
        raise error
    return professional


def _compare_professions(
    attempt: LoginAttempt, holder: CardHolder, professional: Professional
) -> None:
    """A card is of one profession, and may be behind the directory for a month: said, not refused.

    The tokens are built from the directory alone.
    """
    known = {(each.code_profession, each.is_student) for each in professional.exercices}
    if (holder.profession, holder.is_student) in known:
        return
    record(
        event="card_profession_differs",
        outcome=Outcome.ACCEPTED,
        subject=professional.national_id,
        client_id=attempt.client_id,
        is_test=holder.is_test or professional.is_test,
        data={
            "attempt": str(attempt.pk),
            "card": {"profession": holder.profession, "in_training": holder.is_student},
            "directory": [
                {"profession": code, "in_training": student} for code, student in sorted(known)
            ],
        },
    )
