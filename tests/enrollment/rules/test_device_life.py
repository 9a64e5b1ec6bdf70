"""When a phone ends: its validity or its idle time, whichever comes first; told beforehand."""

from datetime import UTC, datetime, timedelta

import pytest

from idp.enrollment.rules.device_life import DeviceLife, Ending

ACTIVATED = datetime(2026, 1, 1, tzinfo=UTC)
IDLE = timedelta(days=180)
MONTH, WEEK = timedelta(days=30), timedelta(days=7)
INSTANT = timedelta(microseconds=1)


def life(
    *,
    seen: timedelta | None = None,
    valid: timedelta = timedelta(days=730),
    idle: timedelta = IDLE,
) -> DeviceLife:
    return DeviceLife(
        activated_at=ACTIVATED,
        last_seen_at=None if seen is None else ACTIVATED + seen,
        valid_until=ACTIVATED + valid,
        idle=idle,
        warnings=(MONTH, WEEK),
    )


def test_never_used_it_ends_by_its_activation() -> None:
    assert life().ended(ACTIVATED + IDLE - INSTANT) is Ending.NONE
    assert life().ended(ACTIVATED + IDLE) is Ending.UNUSED


def test_each_use_begins_the_idle_time_anew() -> None:
    used = life(seen=timedelta(days=100))
    assert used.ends_at == ACTIVATED + timedelta(days=280)


def test_use_does_not_outlast_the_validity() -> None:
    used = life(seen=timedelta(days=700))
    assert used.ends_at == used.valid_until
    assert used.ended(used.valid_until - INSTANT) is Ending.NONE
    assert used.ended(used.valid_until) is Ending.EXPIRED


@pytest.mark.parametrize(
    ("seen", "ending"), [(timedelta(days=700), Ending.EXPIRED), (None, Ending.UNUSED)]
)
def test_the_end_is_told_a_month_before(seen: timedelta | None, ending: Ending) -> None:
    phone = life(seen=seen)
    told_from = phone.ends_at - MONTH
    assert phone.warning(told_from - INSTANT) is Ending.NONE
    assert phone.warning(told_from) is ending


@pytest.mark.parametrize("seen", [timedelta(days=700), None])
@pytest.mark.parametrize(
    ("left", "due"),
    [
        (MONTH + INSTANT, None),
        (MONTH, MONTH),
        (WEEK + INSTANT, MONTH),
        (WEEK, WEEK),
        (INSTANT, WEEK),
        (timedelta(0), None),
        (-INSTANT, None),
    ],
)
def test_each_warning_is_due_from_its_day_on(
    seen: timedelta | None, left: timedelta, due: timedelta | None
) -> None:
    phone = life(seen=seen)
    assert phone.due_warning(phone.ends_at - left) == due


@pytest.mark.parametrize(
    ("idle", "due"), [(2 * MONTH, MONTH), (2 * MONTH - INSTANT, None), (WEEK, None)]
)
def test_a_warning_beyond_half_of_its_time_is_none(idle: timedelta, due: timedelta | None) -> None:
    phone = life(idle=idle)
    assert phone.due_warning(phone.ends_at - min(MONTH, idle)) == due


def test_a_short_validity_is_warned_of_as_late_as_half_of_it() -> None:
    phone = life(valid=timedelta(days=20))
    assert phone.due_warning(ACTIVATED) is None
    assert phone.due_warning(phone.valid_until - WEEK) == WEEK
