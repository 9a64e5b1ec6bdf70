"""`/sandbox/ciba/{auth_req_id}/approve|deny`: the phone's answer to a CIBA request, for suites."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from idp.sandbox.flows.phone_requests import approve_as_test, deny_as_test, request_behind
from idp.sandbox.views.phone_requests import answered


# No cookie takes part: whoever holds the auth_req_id of a test person's request may answer it.
@csrf_exempt
@require_POST
def approve(request: HttpRequest, auth_req_id: str) -> JsonResponse:
    def act() -> None:
        approve_as_test(request_id=request_behind(auth_req_id=auth_req_id))

    return answered(act, "approved")


@csrf_exempt
@require_POST
def deny(request: HttpRequest, auth_req_id: str) -> JsonResponse:
    def act() -> None:
        deny_as_test(request_id=request_behind(auth_req_id=auth_req_id))

    return answered(act, "denied")
