"""The life of a phone as its holder steers it: named, removed from another, told to the others."""

from uuid import UUID

from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, live
from idp.enrollment.flows import refusals
from idp.enrollment.flows.activation import lock_holder
from idp.enrollment.flows.devices import devices_of, require_active, revoke
from idp.enrollment.flows.fitness import is_new
from idp.enrollment.flows.people import device_group, require_fresh_card
from idp.enrollment.flows.withdrawal import put_back
from idp.enrollment.models import Device
from idp.enrollment.rules.device_life import NOTICED_FOR
from idp.enrollment.rules.limits import MAX_ACTIVE_DEVICES
from idp.enrollment.rules.people import clean_label
from idp.enrollment.rules.states import DeviceState
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.revocation import Cause

ANOTHER_PHONE = "another phone"


@transaction.atomic
def rename(*, device_id: UUID, person_id: UUID, label: str, by: str) -> Device:
    """Another name for one of this person's phones."""
    cleaned = clean_label(label)
    if not cleaned:
        raise refusals.label_empty()
    device = _of_holder(device_id, person_id)
    if device.label == cleaned:
        return device
    record(
        event="device_renamed",
        outcome=Outcome.ACCEPTED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={"device": str(device.pk), "from": device.label, "to": cleaned, "by": by},
    )
    Device.objects.filter(pk=device.pk).update(label=cleaned)
    device.label = cleaned
    live.wake(device_group(person_id))
    return device


@transaction.atomic
def resume(*, device_id: UUID, session: SsoSession) -> Device:
    """A phone suspended with a card serves again: its holder shows one that is good.

    Not one that was suspended for itself (a copied key): that one is activated anew.
    """
    require_fresh_card(session)
    lock_holder(session.person_id)
    device = (
        Device.objects.select_for_update(of=("self",))
        .select_related("holder")
        .filter(pk=device_id, holder_id=session.person_id)
        .first()
    )
    if device is None or not may_resume(device) or login.is_phone_ordered_out(device.pk):
        raise refusals.no_such_device()
    active = Device.objects.filter(
        holder_id=session.person_id, state=DeviceState.ACTIVE, valid_until__gt=clock.now()
    )
    if active.count() >= MAX_ACTIVE_DEVICES:
        raise refusals.too_many_devices()
    put_back(device, by="holder, with a card")
    return device


def may_resume(device: Device) -> bool:
    """Suspended with what certified its holder, and not for itself."""
    return device.state == DeviceState.SUSPENDED and device.end_reason in set(Cause)


def revoke_from(*, device: Device, target_id: UUID) -> None:
    """One phone removes another of the same holder, or itself.

    Within its probation none that is older: whoever had a phone of theirs enrolled by persuasion
    must not throw out the phones on which the holder is told of it.
    """
    if target_id != device.pk:
        require_active(device)
        if is_new(device) and not _is_younger(target_id, device):
            raise refusals.phone_too_new()
    revoke(
        device_id=target_id,
        person_id=device.holder_id,
        by="the device itself" if target_id == device.pk else ANOTHER_PHONE,
        by_device=device.pk,
    )


def new_beside(device: Device) -> list[Device]:
    """Phones activated after this one, lately: the holder is asked whether it was they."""
    if device.activated_at is None:
        return []
    since = max(device.activated_at, clock.now() - NOTICED_FOR)
    return [
        other
        for other in devices_of(person_id=device.holder_id)
        if other.pk != device.pk and other.activated_at and other.activated_at > since
    ]


def _is_younger(target_id: UUID, device: Device) -> bool:
    return Device.objects.filter(pk=target_id, activated_at__gt=device.activated_at).exists()


def _of_holder(device_id: UUID, person_id: UUID) -> Device:
    device = (
        Device.objects.select_related("holder")
        .filter(
            pk=device_id,
            holder_id=person_id,
            state__in=[DeviceState.ACTIVE, DeviceState.SUSPENDED, DeviceState.BLOCKED],
        )
        .first()
    )
    if device is None:
        raise refusals.no_such_device()
    return device
