"""What every answer of a phone needs: both rows locked, refusals audited, requests ended."""

from uuid import UUID

from idp.core import clock, live
from idp.core.errors import IdpError
from idp.core.prepared import Given, Prepared
from idp.directory.models import Person
from idp.enrollment.flows import refusals
from idp.enrollment.flows.devices import require_active
from idp.enrollment.flows.endings import end_decoupled
from idp.enrollment.flows.people import device_group, request_group
from idp.enrollment.models import ApprovalRequest, Device
from idp.enrollment.rules.states import OPEN_REQUESTS, RequestState
from idp.login import flows as login
from idp.login.rules.authentication import MethodName
from idp.login.rules.steps import AttemptState

# Alone: rows that a lock statement joins are of before the lock was had (PostgreSQL).
_DEVICE = Prepared(
    lambda: Device.objects.select_for_update().filter(pk=Given("device", Device._meta.pk))
)
_REQUEST = Prepared(
    lambda: (
        ApprovalRequest.objects.select_for_update(of=("self",))
        .select_related("attempt", "holder")
        .defer("holder__snapshot")
        .annotate(is_ordered_out=login.is_ordered_out("holder_id"))
        .filter(
            pk=Given("request", ApprovalRequest._meta.pk),
            holder_id=Given("holder", Person._meta.pk),
            is_decoy=False,
        )
    )
)


def lock_for_answer(*, device_id: UUID, request_id: UUID) -> tuple[Device, ApprovalRequest]:
    """Both rows, locked in one order everywhere; states as they are now, not as they were read.

    With the request come its login, its holder, and whether an order keeps them out.
    """
    (device,) = _DEVICE.rows(device=device_id)
    require_active(device)
    asked = _REQUEST.rows(request=request_id, holder=device.holder_id)
    if not asked or (asked[0].is_scanned and asked[0].device_id != device.pk):
        raise refusals.unknown_request()
    request = asked[0]
    now = clock.now()
    is_open = (
        request.state_at(now) in OPEN_REQUESTS
        and request.attempt.state == AttemptState.OPEN
        and now < request.attempt.expires_at
    )
    if not is_open:
        raise refusals.request_over(request.state)
    return device, request


def audited(error: IdpError, *, device: Device, request_id: UUID) -> IdpError:
    """Records a refused answer beside the transaction; the error gets its reference."""
    request = (
        ApprovalRequest.objects.select_related("attempt", "holder")
        .filter(pk=request_id, holder_id=device.holder_id, is_decoy=False)
        .first()
    )
    if request is None or request.holder is None:
        return error
    return login.note_failure(
        attempt=request.attempt,
        error=error,
        method=MethodName.PHONE,
        subject=request.holder.national_id,
        request=str(request.pk),
        device=str(device.pk),
    )


def end_as_failed(request: ApprovalRequest) -> None:
    """Ends a request that was answered wrongly; at a browser, the login itself stays open."""
    if request.move(RequestState.FAILED, now=clock.now(), nonce=None):
        end_decoupled(request)
    live.wake(request_group(request.pk))
    if request.holder_id:
        live.wake(device_group(request.holder_id))
