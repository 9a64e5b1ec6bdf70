"""A challenge is answered once, by the browser's attempt it was made for, in time."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings

from idp.audit.models import AuditRow
from idp.cardbridge.flows import answer as answer_flow
from idp.cardbridge.flows.challenges import issue_challenge
from idp.cardbridge.models import CardChallenge
from idp.core import clock
from idp.core.errors import IdpError
from idp.login.models import LoginAttempt
from tests.cardbridge.steps import answer
from tests.emulators.cards import Token, make_token
from tests.login.conftest import open_one


def doctor(sandbox: Path, challenge: str) -> Token:
    return make_token(sandbox / "doctor", settings.HYGIE.origin, challenge)


def reopen(attempt: LoginAttempt) -> None:
    """As if the first answer had never proven it: only the challenge stands in the way."""
    LoginAttempt.objects.filter(pk=attempt.pk).update(state="open", authentication=None)
    attempt.refresh_from_db()


def test_a_challenge_has_256_random_bits(attempt: LoginAttempt) -> None:
    seen = {issue_challenge(attempt=attempt).challenge for _ in range(5)}
    assert len(seen) == 5
    assert all(len(text) == 44 and len(base64.b64decode(text)) == 32 for text in seen)


def test_a_replayed_answer_is_refused(sandbox: Path, attempt: LoginAttempt) -> None:
    token = doctor(sandbox, issue_challenge(attempt=attempt).challenge)
    assert answer(attempt, token) == ""
    reopen(attempt)
    assert answer(attempt, token) == "challenge_over"


def test_an_answer_to_the_challenge_before_is_refused(sandbox: Path, attempt: LoginAttempt) -> None:
    token = doctor(sandbox, issue_challenge(attempt=attempt).challenge)
    issue_challenge(attempt=attempt)
    assert answer(attempt, token) == "signature_wrong"


def test_another_attempts_challenge_is_refused(sandbox: Path, attempt: LoginAttempt) -> None:
    token = doctor(sandbox, issue_challenge(attempt=open_one()).challenge)
    issue_challenge(attempt=attempt)
    assert answer(attempt, token) == "signature_wrong"


def test_an_attempt_without_a_challenge_takes_no_answer(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    token = doctor(sandbox, issue_challenge(attempt=open_one()).challenge)
    assert answer(attempt, token) == "challenge_over"


@pytest.mark.parametrize("body", [b"{}", b"x" * 20_000])
def test_a_wrong_answer_uses_the_challenge_up(
    sandbox: Path, attempt: LoginAttempt, body: bytes
) -> None:
    token = doctor(sandbox, issue_challenge(attempt=attempt).challenge)
    assert answer(attempt, body) == "answer_unreadable"
    assert answer(attempt, token) == "challenge_over"


def test_a_challenge_older_than_five_minutes_is_refused(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    began = clock.now()
    with clock.frozen(began):
        token = doctor(sandbox, issue_challenge(attempt=attempt).challenge)
    with clock.frozen(began + settings.HYGIE.lifetimes.card_challenge + timedelta(seconds=1)):
        assert answer(attempt, token) == "challenge_over"


def test_a_challenge_of_exactly_five_minutes_is_still_good(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    began = clock.now()
    with clock.frozen(began):
        token = doctor(sandbox, issue_challenge(attempt=attempt).challenge)
    with clock.frozen(began + settings.HYGIE.lifetimes.card_challenge):
        assert answer(attempt, token) == ""


def test_of_two_answers_at_the_same_time_one_is_taken(
    sandbox: Path, attempt: LoginAttempt, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = doctor(sandbox, issue_challenge(attempt=attempt).challenge)
    outcomes: list[str] = []
    take = CardChallenge.take

    def overtaken(self: CardChallenge, **arguments: object) -> bool:
        # Both have read the open challenge; the other one gets to the database first.
        monkeypatch.setattr(CardChallenge, "take", take)
        outcomes.append(answer(LoginAttempt.objects.get(pk=attempt.pk), token))
        return take(self, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(CardChallenge, "take", overtaken)
    outcomes.append(answer(attempt, token))
    assert outcomes == ["", "challenge_over"]


def test_one_open_challenge_a_browser_attempt(attempt: LoginAttempt) -> None:
    for _ in range(3):
        issue_challenge(attempt=attempt)
    assert CardChallenge.objects.filter(attempt=attempt, taken_at__isnull=True).count() == 1


def test_challenges_are_rationed(attempt: LoginAttempt) -> None:
    for _ in range(20):
        issue_challenge(attempt=attempt)
    with pytest.raises(IdpError, match="too_many_requests"):
        issue_challenge(attempt=attempt)


def test_a_proof_for_an_attempt_that_ended_meanwhile_is_refused_and_kept(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    token = doctor(sandbox, issue_challenge(attempt=attempt).challenge)
    LoginAttempt.objects.filter(pk=attempt.pk).update(state="refused")
    with pytest.raises(IdpError, match="attempt_over"):
        answer_flow.log_in_with_card(attempt=attempt, body=json.dumps(token).encode())
    assert [row.outcome for row in AuditRow.objects.filter(event="login")] == ["refused"]
