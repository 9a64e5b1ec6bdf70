"""The end of phones that time has ended: past their validity, or unused for too long."""

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from idp.audit.flows import Outcome, record
from idp.core import clock, live
from idp.enrollment.flows.people import device_group
from idp.enrollment.models import Device
from idp.enrollment.rules.device_life import DeviceLife, Ending
from idp.enrollment.rules.states import DeviceState


def life_of(device: Device) -> DeviceLife:
    """The dates that decide how long this phone lasts."""
    return DeviceLife(
        activated_at=device.activated_at or device.created_at,
        last_seen_at=device.last_seen_at,
        valid_until=device.valid_until,
        idle=settings.HYGIE.lifetimes.device_idle,
        warnings=settings.HYGIE.lifetimes.phone_warnings,
    )


def end_stale_devices() -> int:
    """Ends phones past their validity or unused for too long; returns how many. For the purge."""
    now = clock.now()
    silent = now - settings.HYGIE.lifetimes.device_idle
    stale = Device.objects.select_related("holder").filter(
        Q(valid_until__lte=now)
        | Q(last_seen_at__lte=silent)
        | Q(last_seen_at__isnull=True, activated_at__lte=silent),
        state__in=[DeviceState.ACTIVE, DeviceState.SUSPENDED, DeviceState.BLOCKED],
    )
    return sum(end_if_over(device) for device in stale)


def end_if_over(device: Device) -> bool:
    """Ends this phone where its time is over, before anything it says is counted as a use."""
    ending = life_of(device).ended(clock.now())
    if device.activated_at is None or ending is Ending.NONE:
        return False
    return _end(device, ending)


@transaction.atomic
def _end(device: Device, ending: Ending) -> bool:
    if not device.move(DeviceState.REVOKED, ended_at=clock.now(), end_reason=str(ending)):
        return False
    record(
        event="device_ended",
        outcome=Outcome.ACCEPTED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={"device": str(device.pk), "code": str(ending)},
    )
    live.wake(device_group(device.holder_id))
    return True
