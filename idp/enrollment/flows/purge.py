"""Ends what is past its time and removes rows a day later; the audit log keeps the facts."""

from datetime import timedelta

from idp.core import clock
from idp.enrollment.flows.device_ends import end_stale_devices
from idp.enrollment.models import (
    ApprovalRequest,
    Device,
    Enrolment,
    OfflineSeed,
    PushDelivery,
    PushSubscription,
)
from idp.enrollment.rules.states import (
    OPEN_ENROLMENTS,
    OPEN_REQUESTS,
    DeviceState,
    EnrolmentState,
    RequestState,
)

KEEP = timedelta(days=1)


def purge_enrollment() -> int:
    """Returns the number of rows removed."""
    now = clock.now()
    ApprovalRequest.objects.filter(expires_at__lte=now, state__in=sorted(OPEN_REQUESTS)).update(
        state=RequestState.EXPIRED, nonce=None
    )
    Enrolment.objects.filter(expires_at__lte=now, state__in=sorted(OPEN_ENROLMENTS)).update(
        state=EnrolmentState.EXPIRED, sealed_proof=None, sealed_salt=None
    )
    requests, _by_model = ApprovalRequest.objects.filter(expires_at__lt=now - KEEP).delete()
    enrolments, _by_model = Enrolment.objects.filter(expires_at__lt=now - KEEP).delete()
    end_stale_devices()
    # A device that never became active leaves nothing behind, so that its keys are forgotten.
    Device.objects.filter(
        state=DeviceState.PENDING, activated_at__isnull=True, valid_until__lte=now
    ).update(state=DeviceState.REVOKED, ended_at=now, end_reason="never confirmed")
    devices, _by_model = Device.objects.filter(
        state=DeviceState.REVOKED, activated_at__isnull=True, valid_until__lt=now - KEEP
    ).delete()
    # A phone that is over is never rung again: where it could be is forgotten.
    subscriptions, _by_model = PushSubscription.objects.filter(
        device__state=DeviceState.REVOKED
    ).delete()
    OfflineSeed.objects.filter(device__state=DeviceState.REVOKED).delete()
    rings, _by_model = PushDelivery.objects.filter(give_up_at__lt=now - KEEP).delete()
    return requests + enrolments + devices + subscriptions + rings
