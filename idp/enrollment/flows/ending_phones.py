"""Tells the holder of a phone that will end soon: a ring of that phone, a line in their journal."""

from uuid import uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from idp.audit.flows import Outcome, record
from idp.core import clock, live
from idp.enrollment.flows.device_ends import life_of
from idp.enrollment.flows.people import device_group
from idp.enrollment.flows.push import ring_one
from idp.enrollment.models import Device
from idp.enrollment.rules.device_life import NOTICED_FOR
from idp.enrollment.rules.push import PushKind
from idp.enrollment.rules.states import DeviceState


def warn_ending_phones() -> int:
    """A worker's job; returns how many phones' holders were told. Any number of workers."""
    return sum(_warn(device) for device in _perhaps_due().iterator())


def _perhaps_due() -> QuerySet[Device]:
    """Those that a warning may be due for; which, the phone's dates say (`DeviceLife`)."""
    now, idle = clock.now(), settings.HYGIE.lifetimes.device_idle
    due = Q()
    for warning in settings.HYGIE.lifetimes.phone_warnings:
        silent = now - idle + warning
        due |= (
            Q(valid_until__lte=now + warning)
            | Q(last_seen_at__lte=silent)
            | Q(last_seen_at__isnull=True, activated_at__lte=silent)
        ) & (Q(warned_end__isnull=True) | Q(warned_end__lte=now) | Q(warned_days__gt=warning.days))
    return Device.objects.select_related("holder").filter(
        due, state=DeviceState.ACTIVE, valid_until__gt=now
    )


@transaction.atomic
def _warn(device: Device) -> bool:
    life = life_of(device)
    warning = life.due_warning(clock.now())
    if warning is None or not device.note_warning(end=life.ends_at, days=warning.days):
        return False
    record(
        event="device_ending",
        outcome=Outcome.ACCEPTED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={
            "device": str(device.pk),
            "label": device.label,
            "code": str(life.cause),
            "ends_at": life.ends_at.isoformat(),
            "days": warning.days,
        },
    )
    ring_one(
        device=device,
        kind=PushKind.ENDING,
        # Another ring for each end and each warning of it.
        reference=uuid5(device.pk, f"{life.ends_at.isoformat()} {warning.days}"),
        until=min(life.ends_at, clock.now() + NOTICED_FOR),
    )
    live.wake(device_group(device.holder_id))
    return True
