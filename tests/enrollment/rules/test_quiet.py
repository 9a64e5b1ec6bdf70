"""When a phone is left in peace."""

from datetime import UTC, datetime, timedelta

from idp.enrollment.rules.quiet import Asked, Patience, why_quiet
from idp.enrollment.rules.states import RequestState

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
PATIENCE = Patience(unanswered=5, alarms=3)


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
    assert reason(*asked(*[RequestState.DENIED] * 3)) == ""


def test_an_approval_begins_the_counts_anew() -> None:
    failed, approved = RequestState.FAILED, RequestState.APPROVED
    assert reason(*asked(failed, failed, failed, approved, failed)) == ""
    assert reason(*asked(approved, failed, failed, failed)) == "too_many_alarms"
