"""Approval requests: list, number, approve, refuse."""

from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from idp.core.callers import address_of, network_of
from idp.enrollment.flows import approval, denial, scanning
from idp.enrollment.flows.devices import require_active
from idp.enrollment.flows.proofs import Approval
from idp.enrollment.flows.requests import waiting_requests
from idp.enrollment.rules.approval import Decision
from idp.enrollment.rules.encoding import b64u
from mobileapi.documents import request_document
from mobileapi.serializers import (
    ApproveIn,
    ChallengeOut,
    DenyIn,
    NumberIn,
    RequestOut,
    RequestsOut,
    ScanIn,
    StateOut,
)
from mobileapi.views.base import DeviceView, problems

SCAN_EXAMPLE = OpenApiExample(
    "QR code",
    value={"token": "VR2Qy0wVSMiRVNWiIRmOxQ.17.TJlFbVZKVYbbeQC8rHPKCA"},
    request_only=True,
)
LOGIN_CODE_EXAMPLE = OpenApiExample("Typed code", value={"code": "K7Q2M-4XH9T"}, request_only=True)
NUMBER_EXAMPLE = OpenApiExample("Number", value={"number": "47"}, request_only=True)
REFUSED = problems(400, 401, 403, 404, 409, 410)


class Requests(DeviceView):
    """What waits for an answer."""

    @extend_schema(operation_id="list_requests", responses={200: RequestsOut, **problems(401, 403)})
    def get(self, request: Request) -> Response:
        """At most one in practice. The number to type is never in it."""
        device = self.device(request)
        require_active(device)
        waiting = waiting_requests(device=device)
        return Response({"requests": [request_document(one) for one in waiting]})


class Scan(DeviceView):
    """The code on a login page, read by the phone."""

    @extend_schema(
        operation_id="scan_login",
        request=ScanIn,
        responses={200: RequestOut, **REFUSED, **problems(423, 429)},
        examples=[SCAN_EXAMPLE, LOGIN_CODE_EXAMPLE],
    )
    def post(self, request: Request) -> Response:
        """Binds that login to this phone, once; a QR code older than five seconds is refused.

        What comes back is to be shown and answered like any request: no number is typed, and
        `means` is signed.
        """
        values = self.parsed(request, ScanIn)
        scanned = scanning.scan(
            device=self.device(request),
            token=values.get("token", ""),
            code=values.get("code", ""),
            network=network_of(address_of(request._request)),
        )
        return Response(request_document(scanned))


class Challenge(DeviceView):
    """The number, and what to sign for it."""

    @extend_schema(
        operation_id="present_number",
        request=NumberIn,
        responses={200: ChallengeOut, **REFUSED},
        examples=[NUMBER_EXAMPLE],
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """A wrong number ends the request. The right one may be given again after a wrong PIN."""
        values = self.parsed(request, NumberIn)
        challenge = approval.present_number(
            device=self.device(request), request_id=request_id, number=values["number"]
        )
        return Response(
            {
                "nonce": b64u(challenge.nonce),
                "context": challenge.context,
                "webauthn": challenge.webauthn,
            }
        )


class Approve(DeviceView):
    """The signatures of an approval."""

    @extend_schema(
        operation_id="approve_request",
        request=ApproveIn,
        responses={200: StateOut, **REFUSED, **problems(423)},
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """C = SHA-256("ecps-approval-v1\\0" ‖ nonce ‖ JCS(context, decision "approve"))."""
        values = self.parsed(request, ApproveIn)
        approval.approve(
            device=self.device(request), request_id=request_id, approval=Approval(**values)
        )
        return Response({"state": "approved"})


class Deny(DeviceView):
    """A signed refusal."""

    @extend_schema(
        operation_id="deny_request", request=DenyIn, responses={200: StateOut, **REFUSED}
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        """The portal gets `access_denied`. `not_me` is kept apart, as an alarm."""
        values = self.parsed(request, DenyIn)
        denial.deny(
            device=self.device(request),
            request_id=request_id,
            denial=denial.Denial(
                decision=Decision(f"deny:{values['reason']}"),
                nonce=values["nonce"],
                instance_signature=values["instance_signature"],
            ),
        )
        return Response({"state": "denied"})
