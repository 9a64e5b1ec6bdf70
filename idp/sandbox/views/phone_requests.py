"""`/sandbox/requests`: lists, approves and denies pending phone requests, in JSON, for scripts."""

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from idp.core.errors import IdpError
from idp.sandbox.flows.phone_requests import approve_as_test, deny_as_test, pending_requests


@require_GET
def index(request: HttpRequest) -> JsonResponse:
    """The pending requests: id, person, portal."""
    try:
        pending = pending_requests()
    except IdpError as error:
        return _refused(error)
    return JsonResponse(
        {
            "requests": [
                {
                    "id": str(each.pk),
                    "national_id": each.holder.national_id if each.holder else "",
                    "portal": {"name": each.rp_name, "host": each.rp_host},
                    "expires_at": each.expires_at.isoformat(),
                }
                for each in pending
            ]
        }
    )


# No cookie takes part: whoever knows the id of a test request may answer it, as a phone would.
@csrf_exempt
@require_POST
def approve(request: HttpRequest, request_id: UUID) -> JsonResponse:
    return answered(lambda: approve_as_test(request_id=request_id), "approved")


@csrf_exempt
@require_POST
def deny(request: HttpRequest, request_id: UUID) -> JsonResponse:
    return answered(lambda: deny_as_test(request_id=request_id), "denied")


def answered(act: Callable[[], None], state: str) -> JsonResponse:
    """What came of it, in JSON."""
    try:
        act()
    except IdpError as error:
        return _refused(error)
    return JsonResponse({"state": state})


def _refused(error: IdpError) -> JsonResponse:
    return JsonResponse(
        {"error": error.code, "error_description": error.description}, status=error.status
    )
