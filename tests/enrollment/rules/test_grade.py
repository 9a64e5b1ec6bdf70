"""What a phone is worth: its keys, and the time since its activation."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.enrollment.rules.grade import PhoneFacts, grade_of
from idp.login.rules.ecps import EcpsGrade, EcpsPolicy

ACTIVATED = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(hours=24)


def grade(*, is_hardware: bool, age: timedelta) -> EcpsGrade:
    facts = PhoneFacts(is_hardware=is_hardware, activated_at=ACTIVATED)
    return grade_of(facts, probation=DAY, now=ACTIVATED + age)


@pytest.mark.parametrize("is_hardware", [True, False])
def test_the_first_day_is_a_probation(is_hardware: bool) -> None:
    just_before = DAY - timedelta(microseconds=1)
    assert grade(is_hardware=is_hardware, age=just_before) is EcpsGrade.PLAIN


def test_then_hardware_counts() -> None:
    assert grade(is_hardware=False, age=DAY) is EcpsGrade.INSTANCE_BOUND
    assert grade(is_hardware=True, age=DAY) is EcpsGrade.ATTESTED


@pytest.mark.parametrize(
    ("policy", "accepted"),
    [
        (EcpsPolicy.ANY, {None, *EcpsGrade}),
        (EcpsPolicy.INSTANCE_BOUND, {None, EcpsGrade.INSTANCE_BOUND, EcpsGrade.ATTESTED}),
        (EcpsPolicy.ATTESTED, {None, EcpsGrade.ATTESTED}),
        (EcpsPolicy.CARD_ONLY, {None}),
    ],
)
def test_each_policy_accepts_its_grades_and_no_other(
    policy: EcpsPolicy, accepted: set[EcpsGrade | None]
) -> None:
    assert {grade for grade in (None, *EcpsGrade) if policy.accepts(grade)} == accepted
