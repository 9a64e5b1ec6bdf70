"""What the end of a card, of an access, or an order means for the phones of its holder.

Suspended, not revoked: with a card that is good the holder puts each phone back into service, and
one that somebody else had enrolled is left aside.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from idp.audit.flows import Outcome, record
from idp.core import live
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.enrollment.flows.activation import end_open_enrolments, lock_holder
from idp.enrollment.flows.devices import end_requests_of, revoke_device
from idp.enrollment.flows.people import device_group
from idp.enrollment.models import Device
from idp.enrollment.rules.states import DeviceState
from idp.login import flows as login
from idp.login.rules.revocation import Cause, Withdrawal


@transaction.atomic
def end_phones(withdrawal: Withdrawal) -> int:
    """Phones, what is asked of them, what was being enrolled; how many phones ended.

    A phone that a card enrolled when it was opposed already is revoked: it was never the holder's
    to have. In `settings.WITHDRAWAL_HOOKS`.
    """
    person_id, cause = withdrawal.person_id, withdrawal.cause
    is_total = withdrawal.ends_phones or withdrawal.card is None
    end_open_enrolments(
        person_id=person_id, reason=cause, card=None if is_total else withdrawal.card
    )
    done = _revoke_never_good(withdrawal)
    if withdrawal.ends_phones:
        phones = Device.objects.select_related("holder").filter(
            holder_id=person_id, state=DeviceState.ACTIVE
        )
        done += sum(_suspend(device, cause) for device in phones)
        # Lifting the order on a phone alone gives back no phone that no card certifies any more.
        Device.objects.filter(
            holder_id=person_id, state=DeviceState.SUSPENDED, end_reason=Cause.PHONE_ORDER
        ).update(end_reason=cause)
    if done or is_total:
        end_requests_of(person_id)
        live.wake(device_group(person_id))
    return done


def holder_of_phone(*, device_id: UUID) -> Person:
    """Whose phone it is; IdpError where there is none."""
    device = Device.objects.select_related("holder").filter(pk=device_id).first()
    if device is None:
        raise IdpError("unknown_device", f"no phone {device_id}", status=404)
    return device.holder


def holders_among(*, person_ids: Collection[UUID]) -> list[UUID]:
    """Those of these persons that have a phone in service, or one that an order will give back."""
    phones = Device.objects.filter(
        Q(state=DeviceState.ACTIVE) | Q(state=DeviceState.SUSPENDED, end_reason=Cause.PHONE_ORDER),
        holder_id__in=person_ids,
    )
    return list(phones.values_list("holder_id", flat=True).distinct().order_by("holder_id"))


@transaction.atomic
def suspend_by_order(*, device_id: UUID, cause: Cause) -> int:
    """One phone, until the order is lifted; 0 where it was out of service already."""
    device = Device.objects.select_related("holder").get(pk=device_id)
    done = _suspend(device, Cause.PHONE_ORDER if cause is Cause.ORDER else cause)
    if done:
        end_requests_of(device.holder_id)
        live.wake(device_group(device.holder_id))
    return done


@transaction.atomic
def resume_by_order(*, device_id: UUID, by: str) -> bool:
    """What an order suspended serves again; False where something else keeps it out."""
    # Else a phone whose holder's last card ends in this moment would be missed by both.
    lock_holder(holder_of_phone(device_id=device_id).pk)
    device = (
        Device.objects.select_for_update(of=("self",)).select_related("holder").get(pk=device_id)
    )
    if device.end_reason != str(Cause.PHONE_ORDER):
        return False
    return put_back(device, by=by)


def put_back(device: Device, *, by: str) -> bool:
    """A suspended phone serves again, in the caller's transaction, which holds its row."""
    if device.state != DeviceState.SUSPENDED or not device.move(DeviceState.ACTIVE, end_reason=""):
        return False
    record(
        event="device_resumed",
        outcome=Outcome.ACCEPTED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={"device": str(device.pk), "label": device.label, "by": by},
    )
    live.wake(device_group(device.holder_id))
    return True


def _revoke_never_good(withdrawal: Withdrawal) -> int:
    if withdrawal.card is None or withdrawal.since is None:
        return 0
    phones = Device.objects.select_related("holder").filter(
        card=withdrawal.card, activated_at__gte=withdrawal.since
    )
    return sum(
        _revoke_with_sessions(device, withdrawal.cause)
        for device in phones.exclude(state=DeviceState.REVOKED)
    )


def _revoke_with_sessions(device: Device, cause: Cause) -> bool:
    if not revoke_device(device, by=cause):
        return False
    login.withdraw_device(device=str(device.pk), reason=cause)
    return True


def _suspend(device: Device, cause: Cause) -> int:
    if not device.move(DeviceState.SUSPENDED, end_reason=str(cause)):
        return 0
    record(
        event="device_suspended",
        outcome=Outcome.ACCEPTED,
        subject=device.holder.national_id,
        is_test=device.holder.is_test,
        data={"device": str(device.pk), "label": device.label, "code": str(cause)},
    )
    return 1
