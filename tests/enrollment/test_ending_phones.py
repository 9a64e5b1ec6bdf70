"""The holder of a phone that ends soon is told: each warning once, by a ring and in the journal."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.flows.ending_phones import warn_ending_phones
from idp.enrollment.flows.push_delivery import ring_due
from idp.enrollment.models import Device, PushDelivery
from idp.enrollment.rules.states import DeviceState
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.enrollment.push_service import Doorbell, PushService, push_service
from tests.enrollment.test_races import at_once

DAY = timedelta(days=1)
MONTH, WEEK, INSTANT = 30 * DAY, 7 * DAY, timedelta(microseconds=1)


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    with push_service() as listening:
        settings.HYGIE = replace(settings.HYGIE, push_services=(listening.origin,))
        yield listening


@pytest.fixture
def bell(service: PushService, phone: SoftPhone) -> Doorbell:
    """The doctor's phone can be rung."""
    made = Doorbell(f"{service.origin}/ring/1")
    made.subscribe(phone)
    return made


def row_of(phone: SoftPhone) -> Device:
    return Device.objects.get(pk=phone.device_id)


def valid_for(phone: SoftPhone, left: timedelta) -> datetime:
    """Activated two years before, and in use."""
    end = clock.now() + left
    Device.objects.filter(pk=phone.device_id).update(
        valid_until=end, activated_at=end - 730 * DAY, last_seen_at=clock.now()
    )
    return end


def silent_for(phone: SoftPhone, time: timedelta) -> None:
    then = clock.now() - time
    Device.objects.filter(pk=phone.device_id).update(activated_at=then, last_seen_at=then)


def told() -> list[tuple[str, int]]:
    rows = AuditRow.objects.filter(event="device_ending").order_by("id")
    return [(row.data["code"], row.data["days"]) for row in rows]


@pytest.mark.parametrize("left", [MONTH, 29 * DAY, WEEK + DAY])
def test_the_end_of_validity_is_told_once(phone: SoftPhone, left: timedelta) -> None:
    valid_for(phone, left)
    assert [warn_ending_phones(), warn_ending_phones()] == [1, 0]
    assert told() == [("expired", 30)]


@pytest.mark.django_db(transaction=True)
def test_each_phone_that_ends_is_told_of(workstation: Workstation, phone: SoftPhone) -> None:
    others = [workstation.activate(SoftPhone(Client())) for _nth in range(2)]
    valid_for(phone, MONTH)
    valid_for(others[0], WEEK)
    assert [warn_ending_phones(), warn_ending_phones()] == [2, 0]
    assert sorted(days for _code, days in told()) == [7, 30]


def test_nothing_is_told_before_its_day(phone: SoftPhone) -> None:
    valid_for(phone, MONTH + DAY)
    assert warn_ending_phones() == 0
    assert told() == []


def test_it_is_told_again_a_week_before(phone: SoftPhone) -> None:
    end = valid_for(phone, MONTH)
    warn_ending_phones()
    with clock.frozen(end - WEEK - DAY):
        assert warn_ending_phones() == 0
    with clock.frozen(end - WEEK):
        assert [warn_ending_phones(), warn_ending_phones()] == [1, 0]
    with clock.frozen(end - DAY):
        assert warn_ending_phones() == 0
    assert told() == [("expired", 30), ("expired", 7)]


def test_a_worker_that_was_away_tells_the_last_warning_only(phone: SoftPhone) -> None:
    valid_for(phone, 3 * DAY)
    assert [warn_ending_phones(), warn_ending_phones()] == [1, 0]
    assert told() == [("expired", 7)]


@pytest.mark.parametrize(("silent", "days"), [(151 * DAY, 30), (174 * DAY, 7)])
@pytest.mark.parametrize("was_seen", [True, False])
def test_the_end_by_inactivity_is_told_once(
    phone: SoftPhone, silent: timedelta, days: int, *, was_seen: bool
) -> None:
    silent_for(phone, silent)
    if not was_seen:
        Device.objects.update(last_seen_at=None)
    assert [warn_ending_phones(), warn_ending_phones()] == [1, 0]
    assert told() == [("unused", days)]


def test_used_again_it_is_told_again_when_it_lies_unused_again(phone: SoftPhone) -> None:
    silent_for(phone, 151 * DAY)
    warn_ending_phones()
    phone.me()
    assert warn_ending_phones() == 0
    with clock.frozen(clock.now() + 149 * DAY):
        assert warn_ending_phones() == 0
    with clock.frozen(clock.now() + 151 * DAY):
        assert [warn_ending_phones(), warn_ending_phones()] == [1, 0]
    assert told() == [("unused", 30), ("unused", 30)]


def test_a_renewed_phone_has_a_term_of_its_own(workstation: Workstation, phone: SoftPhone) -> None:
    valid_for(phone, WEEK)
    warn_ending_phones()
    renewed = workstation.activate(SoftPhone(Client()))
    phone.signed_call("DELETE", "/devices/me")
    assert warn_ending_phones() == 0
    valid_for(renewed, WEEK)
    assert [warn_ending_phones(), warn_ending_phones()] == [1, 0]


def test_another_end_of_the_same_phone_is_told_again(phone: SoftPhone) -> None:
    valid_for(phone, WEEK - DAY)
    warn_ending_phones()
    end = valid_for(phone, 100 * DAY)
    with clock.frozen(end - WEEK):
        assert [warn_ending_phones(), warn_ending_phones()] == [1, 0]


@pytest.mark.parametrize("state", sorted(set(DeviceState) - {DeviceState.ACTIVE}))
def test_a_phone_out_of_service_is_not_told_of(phone: SoftPhone, state: str) -> None:
    valid_for(phone, WEEK)
    Device.objects.update(state=state)
    assert warn_ending_phones() == 0
    assert told() == []


def test_a_phone_put_back_into_service_is_told_of_then(phone: SoftPhone) -> None:
    valid_for(phone, WEEK)
    Device.objects.update(state=DeviceState.SUSPENDED)
    warn_ending_phones()
    Device.objects.update(state=DeviceState.ACTIVE)
    assert warn_ending_phones() == 1


def test_a_phone_that_is_over_is_not_told_of(phone: SoftPhone) -> None:
    valid_for(phone, -INSTANT)
    assert warn_ending_phones() == 0


def test_the_days_are_the_operators(phone: SoftPhone, settings: Any) -> None:
    lifetimes = replace(settings.HYGIE.lifetimes, phone_warnings=(60 * DAY,))
    settings.HYGIE = replace(settings.HYGIE, lifetimes=lifetimes)
    valid_for(phone, 59 * DAY)
    assert phone.me()["warning"] == "expired"
    assert warn_ending_phones() == 1
    assert told() == [("expired", 60)]


def test_a_short_idle_time_does_not_tell_of_a_phone_in_use(phone: SoftPhone, settings: Any) -> None:
    lifetimes = replace(settings.HYGIE.lifetimes, device_idle=20 * DAY)
    settings.HYGIE = replace(settings.HYGIE, lifetimes=lifetimes)
    silent_for(phone, DAY)
    assert warn_ending_phones() == 0
    silent_for(phone, 14 * DAY)
    assert warn_ending_phones() == 1
    assert told() == [("unused", 7)]


def test_the_journal_names_the_phone(phone: SoftPhone) -> None:
    valid_for(phone, WEEK)
    warn_ending_phones()
    (latest, *_others) = phone.signed_call("GET", "/journal")["entries"]
    assert (latest["kind"], latest["phone"]) == ("phone_ending", "Pixel 7 · Chrome")
    assert not latest["receipt"]


# --- The ring -----------------------------------------------------------------------------------
def test_the_phone_itself_is_rung_and_nothing_is_said_of_whom(
    workstation: Workstation, phone: SoftPhone, bell: Doorbell, service: PushService
) -> None:
    other = workstation.activate(SoftPhone(Client()))
    Doorbell(f"{service.origin}/ring/2").subscribe(other)
    ring_due()
    service.rings.clear()
    valid_for(phone, WEEK)
    warn_ending_phones()
    ring_due()
    (ring,) = service.rings
    assert ring.path == "/ring/1"
    assert bell.read(ring) == {"v": 1, "kind": "ending"}
    assert ring.headers["urgency"] == "normal"
    assert int(ring.headers["ttl"]) > 6 * 24 * 3600


def test_each_warning_rings_once(phone: SoftPhone, bell: Doorbell, service: PushService) -> None:
    end = valid_for(phone, MONTH)
    for before in (MONTH, MONTH, WEEK, WEEK):
        with clock.frozen(end - before):
            warn_ending_phones()
            ring_due()
    assert len(service.rings) == 2
    assert len({ring.headers["topic"] for ring in service.rings}) == 2


@pytest.mark.parametrize("change", [{"state": "suspended"}, {"valid_until": None}])
def test_a_phone_that_no_longer_ends_soon_is_not_rung(
    phone: SoftPhone, bell: Doorbell, service: PushService, change: dict[str, Any]
) -> None:
    valid_for(phone, WEEK)
    warn_ending_phones()
    later = {name: value or clock.now() + 700 * DAY for name, value in change.items()}
    Device.objects.update(**later)
    ring_due()
    assert service.rings == []
    assert PushDelivery.objects.get().state == "failed"


def test_a_phone_that_cannot_be_rung_has_its_line_all_the_same(phone: SoftPhone) -> None:
    valid_for(phone, WEEK)
    assert warn_ending_phones() == 1
    assert not PushDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_at_once_one_tells(
    person: Person, phone: SoftPhone, bell: Doorbell, service: PushService
) -> None:
    valid_for(phone, WEEK)
    assert sum(at_once([warn_ending_phones] * 8)) == 1
    assert told() == [("expired", 7)]
    assert PushDelivery.objects.count() == 1
