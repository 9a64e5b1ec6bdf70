"""Levels and steps, without a database."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.login.rules.authentication import LoginPolicy, MethodName
from idp.login.rules.levels import Level, acr_answered, known_levels
from idp.login.rules.steps import AttemptState, Method, Step, next_step, usable_methods

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_without_a_level_asked_the_methods_own_is_answered() -> None:
    assert acr_answered(asked=(), reached=Level.EIDAS2) is Level.EIDAS2


def test_the_first_level_asked_that_is_reached_is_answered() -> None:
    asked = (Level.EIDAS3, Level.EIDAS1, Level.EIDAS2)
    assert acr_answered(asked=asked, reached=Level.EIDAS2) is Level.EIDAS1


def test_a_level_that_is_not_reached_is_never_downgraded() -> None:
    assert acr_answered(asked=(Level.EIDAS3,), reached=Level.EIDAS2) is None


def test_acr_values_that_are_not_ours_are_ignored() -> None:
    assert known_levels(("0", "urn:x", "eidas1")) == (Level.EIDAS1,)
    assert known_levels(("urn:x",)) == ()


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (AttemptState.OPEN, Step.CHOOSE),
        (AttemptState.PROVEN, Step.FINISH),
        (AttemptState.REFUSED, Step.RETURN_REFUSAL),
        (AttemptState.TAKEN, Step.EXPIRED),
    ],
)
def test_the_next_step_follows_the_state(state: AttemptState, expected: Step) -> None:
    assert next_step(state=state, expires_at=NOW + timedelta(seconds=1), now=NOW) is expected


@pytest.mark.parametrize("state", list(AttemptState))
def test_an_attempt_past_its_time_is_expired(state: AttemptState) -> None:
    assert next_step(state=state, expires_at=NOW, now=NOW) is Step.EXPIRED


CARD = Method(name=MethodName.CARD, url_name="c", level=Level.EIDAS2)
PHONE = Method(name=MethodName.PHONE, url_name="p", level=Level.EIDAS1)


def test_every_method_is_offered_when_nothing_is_asked() -> None:
    assert usable_methods((CARD, PHONE), LoginPolicy()) == (CARD, PHONE)


def test_a_method_below_the_level_asked_is_not_offered() -> None:
    assert usable_methods((CARD, PHONE), LoginPolicy(acr_values=("eidas2",))) == (CARD,)


def test_a_method_that_the_policy_leaves_out_is_not_offered() -> None:
    assert usable_methods((CARD, PHONE), LoginPolicy(methods=(MethodName.PHONE,))) == (PHONE,)


def test_a_level_that_no_method_reaches_leaves_nothing() -> None:
    assert usable_methods((CARD, PHONE), LoginPolicy(acr_values=("eidas3",))) == ()
