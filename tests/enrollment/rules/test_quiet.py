"""When a phone is left in peace."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.enrollment.rules.quiet import Asked, Patience, why_quiet
from idp.enrollment.rules.states import RequestState

DENIED = (RequestState.DENIED,)
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATIENCE = Patience(unanswered=5, alarms=3, daily=10, denials=2, after_denial=timedelta(minutes=5))
LENIENT = Patience(unanswered=5, alarms=3, daily=10, denials=9, after_denial=timedelta(minutes=5))


def asked(*states: RequestState, minutes_ago: int = 30) -> list[Asked]:
    """One after the other, a second apart."""
    begin = NOW - timedelta(minutes=minutes_ago)
    return [
        Asked(state=state, at=begin + timedelta(seconds=nth)) for nth, state in enumerate(states)
    ]


def reason(*history: Asked) -> str:
    return why_quiet(history, now=NOW, patience=PATIENCE)


def test_nothing_asked_is_no_reason() -> None:
    assert reason() == ""


def test_five_questions_without_an_approval_are_enough_for_ten_minutes() -> None:
    five = [RequestState.EXPIRED] * 5
    assert reason(*asked(*five, minutes_ago=5)) == "too_many_requests"
    assert reason(*asked(*five, minutes_ago=11)) == ""
    assert reason(*asked(*five[:4], minutes_ago=5)) == ""


def test_wrong_numbers_and_reports_count_together() -> None:
    alarms = (RequestState.FAILED, RequestState.REPORTED, RequestState.FAILED)
    assert reason(*asked(*alarms)) == "too_many_alarms"
    assert reason(*asked(*alarms[:2])) == ""


def test_a_plain_refusal_is_no_alarm() -> None:
    denied = asked(*[RequestState.DENIED] * 3)
    assert why_quiet(denied, now=NOW, patience=LENIENT) == ""


def test_ten_questions_without_an_approval_are_enough_for_a_day() -> None:
    spread = [one for hours in range(1, 11) for one in expired(minutes_ago=60 * hours)]
    assert reason(*spread) == "too_many_today"
    assert reason(*spread[:9]) == ""
    assert reason(*spread, Asked(state=RequestState.APPROVED, at=NOW)) == ""


def expired(*, minutes_ago: int) -> list[Asked]:
    return asked(RequestState.EXPIRED, minutes_ago=minutes_ago)


@pytest.mark.parametrize("state", [RequestState.DENIED, RequestState.REPORTED])
def test_a_refusal_brings_five_minutes_of_peace(state: RequestState) -> None:
    assert reason(*asked(state, minutes_ago=4)) == "just_refused"
    assert reason(*asked(state, minutes_ago=5)) == ""


def test_two_refusals_within_an_hour_bring_peace_until_the_card() -> None:
    twice = [*asked(RequestState.DENIED, minutes_ago=300), *asked(*DENIED, minutes_ago=241)]
    assert reason(*twice) == "refused_repeatedly"
    before, after = NOW - timedelta(minutes=242), NOW - timedelta(minutes=240)
    assert why_quiet(twice, now=NOW, patience=PATIENCE, card_at=before) == ""
    assert why_quiet(twice[:1], now=NOW, patience=PATIENCE) == ""
    assert why_quiet(twice, now=NOW, patience=PATIENCE, card_at=after) == ""


def test_the_card_before_the_refusals_does_not_help() -> None:
    card_at = NOW - timedelta(minutes=31)
    denied = asked(RequestState.DENIED, RequestState.DENIED)
    assert why_quiet(denied, now=NOW, patience=PATIENCE, card_at=card_at) == "refused_repeatedly"


def test_refusals_far_apart_are_two_of_one() -> None:
    apart = [*asked(*DENIED, minutes_ago=200), *asked(*DENIED, minutes_ago=139)]
    assert reason(*apart) == ""


def test_an_approval_begins_the_counts_anew() -> None:
    failed, approved = RequestState.FAILED, RequestState.APPROVED
    assert reason(*asked(failed, failed, failed, approved, failed)) == ""
    assert reason(*asked(approved, failed, failed, failed)) == "too_many_alarms"
