"""Stands in for the phone in automated tests: answers a pending request of a test person.

Marked as a test identity in tokens and in the audit log: nothing was signed.
"""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from idp.core import clock, live
from idp.core.errors import IdpError
from idp.enrollment.flows.people import device_group, request_group
from idp.enrollment.models import ApprovalRequest
from idp.enrollment.rules.states import OPEN_REQUESTS, RequestState
from idp.login import flows as login
from idp.login.rules.authentication import Authentication, AuthMode, MethodName
from idp.login.rules.ecps import EcpsGrade
from idp.oidc.flows.ciba import find_backchannel_request
from idp.sandbox.flows.test_identity import level_of, refuse_outside_sandbox


def pending_requests() -> list[ApprovalRequest]:
    """The requests that could be approved or denied now, the newest first."""
    refuse_outside_sandbox()
    return list(
        ApprovalRequest.objects.filter(
            state__in=[str(state) for state in OPEN_REQUESTS],
            expires_at__gt=clock.now(),
            holder__is_test=True,
        )
        .select_related("holder")
        .order_by("-created_at")
    )


@transaction.atomic
def approve_as_test(*, request_id: UUID) -> None:
    """As if the person had typed the digits and verified on the phone."""
    request = _pending(request_id)
    now = clock.now()
    _move(request, RequestState.NUMBER_OK)
    _move(request, RequestState.APPROVED)
    holder = request.holder
    if holder is None:
        raise _over()
    login.prove(
        attempt=request.attempt,
        authentication=Authentication(
            person_id=holder.pk,
            national_id=holder.national_id,
            method=MethodName.TEST,
            auth_mode=AuthMode.MOBILE,
            amr=("test",),
            level=level_of(AuthMode.MOBILE),
            at=now,
            is_test=True,
            ecps_grade=EcpsGrade.ATTESTED,
        ),
    )
    _wake(request)


@transaction.atomic
def deny_as_test(*, request_id: UUID) -> None:
    """As if the person had touched "Refuser": the portal gets `access_denied`."""
    request = _pending(request_id)
    _move(request, RequestState.DENIED)
    login.refuse(
        attempt=request.attempt,
        code="access_denied",
        method=MethodName.TEST,
        subject=request.holder.national_id if request.holder else "",
    )
    _wake(request)


def _wake(request: ApprovalRequest) -> None:
    live.wake(request_group(request.pk))
    if request.holder_id:
        live.wake(device_group(request.holder_id))


def request_behind(*, auth_req_id: str) -> UUID:
    """The phone's request that a portal began without a browser (CIBA)."""
    refuse_outside_sandbox()
    asked = find_backchannel_request(auth_req_id)
    request = ApprovalRequest.objects.filter(attempt=asked.attempt).first() if asked else None
    if request is None:
        raise _unknown()
    return request.pk


def _pending(request_id: UUID) -> ApprovalRequest:
    refuse_outside_sandbox()
    request = (
        ApprovalRequest.objects.select_related("holder", "attempt").filter(pk=request_id).first()
    )
    if request is None or request.holder is None or not request.holder.is_test:
        raise _unknown()
    return request


def _unknown() -> IdpError:
    return IdpError("not_found", _("Cette demande n’existe pas."), status=404)


def _move(request: ApprovalRequest, target: RequestState) -> None:
    if RequestState(request.state) is target:
        return
    if not request.move(target, now=clock.now()):
        raise _over()


def _over() -> IdpError:
    return IdpError("request_over", _("Cette demande est terminée."), status=409)
