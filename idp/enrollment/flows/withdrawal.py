"""A holder's card was opposed: every phone of that holder ends, whichever card enrolled it."""

from uuid import UUID

from django.db import transaction

from idp.core import live
from idp.enrollment.flows.activation import end_open_enrolments
from idp.enrollment.flows.devices import end_requests_of, revoke_device
from idp.enrollment.flows.people import device_group
from idp.enrollment.models import Device
from idp.enrollment.rules.states import DeviceState


@transaction.atomic
def revoke_all(*, person_id: UUID, reason: str) -> int:
    """Every phone of a holder, what is asked of it, what was being enrolled; how many phones.

    In `settings.WITHDRAWAL_HOOKS`.
    """
    end_open_enrolments(person_id=person_id, reason=reason)
    phones = Device.objects.select_related("holder").filter(holder_id=person_id)
    done = sum(
        revoke_device(device, by=reason) for device in phones.exclude(state=DeviceState.REVOKED)
    )
    end_requests_of(person_id)
    live.wake(device_group(person_id))
    return done
