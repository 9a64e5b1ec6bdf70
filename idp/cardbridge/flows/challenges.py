"""The challenge: one open per attempt, taken once, popped even when what follows fails."""

import base64
import secrets
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from idp.cardbridge.models import CardChallenge
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.token import control_code
from idp.core import clock, throttle
from idp.login.models import LoginAttempt

CHALLENGE_BYTES = 32
PER_ATTEMPT = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedChallenge:
    """What the page gets: the text for the bridge, and the digits to compare."""

    challenge: str
    control_code: str


def issue_challenge(*, attempt: LoginAttempt) -> IssuedChallenge:
    """A fresh challenge; the one before, if any, can no longer be answered."""
    throttle.hit(
        "card_challenge",
        str(attempt.pk),
        limit=PER_ATTEMPT,
        window=settings.HYGIE.lifetimes.login_attempt,
    )
    fresh = secrets.token_bytes(CHALLENGE_BYTES)
    text = base64.b64encode(fresh + bytes(attempt.statement)).decode()
    now = clock.now()
    with transaction.atomic():
        # Two tabs that ask at once wait for one another here.
        LoginAttempt.objects.select_for_update().get(pk=attempt.pk)
        CardChallenge.objects.filter(attempt=attempt, taken_at__isnull=True).update(taken_at=now)
        CardChallenge.objects.create(attempt=attempt, challenge=text, created_at=now)
    return IssuedChallenge(
        challenge=text, control_code=control_code(origin=settings.HYGIE.origin, challenge=text)
    )


def stated_in(challenge: str) -> str:
    """What was signed with a challenge besides a login, in hexadecimal; `""` for nothing."""
    return base64.b64decode(challenge, validate=True)[CHALLENGE_BYTES:].hex()


def take_challenge(*, attempt: LoginAttempt) -> str:
    """The attempt's open challenge, used up by this very call whatever becomes of the answer."""
    now = clock.now()
    kept = CardChallenge.objects.filter(attempt=attempt, taken_at__isnull=True).first()
    if kept is None or not kept.take(now=now):
        raise CardRefusedError(CardCode.CHALLENGE_OVER, detail="none is open")
    age: timedelta = now - kept.created_at
    if age > settings.HYGIE.lifetimes.card_challenge:
        raise CardRefusedError(CardCode.CHALLENGE_OVER, detail=f"{age.total_seconds():.0f} s old")
    return kept.challenge
