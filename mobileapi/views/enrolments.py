"""Activation as the phone does it: claim, then keys. The bodies are their own authentication."""

from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from idp.core.callers import address_of, network_of
from idp.enrollment.flows import phone_keys
from idp.enrollment.rules.encoding import b64u
from mobileapi.serializers import ClaimIn, ClaimOut, KeysIn, KeysOut
from mobileapi.views.base import ApiView, problems

CODE_EXAMPLE = OpenApiExample("Typed code", value={"code": "7K3QD-9WXYZ"}, request_only=True)
TOKEN_EXAMPLE = OpenApiExample(
    "QR code",
    description="What follows #e= in the scanned address.",
    value={"token": "q1Zl0b3xT0mWb2N5dWlkXw.1795291200.hV2mJ0p8…"},
    request_only=True,
)


def _network_of(request: Request) -> str:
    return network_of(address_of(request._request))


class Claim(ApiView):
    """Takes an activation, once."""

    @extend_schema(
        operation_id="claim_enrolment",
        request=ClaimIn,
        responses={200: ClaimOut, **problems(400, 409, 410, 429)},
        examples=[CODE_EXAMPLE, TOKEN_EXAMPLE],
        auth=[],
    )
    def post(self, request: Request) -> Response:
        """By QR token or typed code. A second claim is `already_claimed`."""
        values = self.parsed(request, ClaimIn)
        claimed = phone_keys.claim(
            token=values.get("token", ""),
            code=values.get("code", ""),
            network=_network_of(request),
        )
        return Response(
            {
                "enrolment_id": str(claimed.enrolment_id),
                "claim_secret": claimed.claim_secret,
                "holder": claimed.holder,
                "nonce": b64u(claimed.nonce),
                "webauthn": claimed.webauthn,
            }
        )


class Keys(ApiView):
    """Receives the keys of a claimed activation."""

    @extend_schema(
        operation_id="submit_keys",
        request=KeysIn,
        responses={201: KeysOut, **problems(400, 409, 410)},
        auth=[],
    )
    def post(self, request: Request, enrolment_id: UUID) -> Response:
        """The device is pending until its six digits are typed on the workstation."""
        values = self.parsed(request, KeysIn)
        pin_key = values["pin_key"]
        device = phone_keys.receive_keys(
            enrolment_id=enrolment_id,
            claim_secret=values["claim_secret"],
            keys=phone_keys.SubmittedKeys(
                label=values["label"],
                instance_jwk=dict(values["instance_key"]),
                passkey=values["passkey"],
                pin_public_key=pin_key["public_key"] if pin_key else None,
                instance_signature=values["instance_signature"],
            ),
            network=_network_of(request),
        )
        return Response({"device_id": str(device.pk), "state": device.state}, status=201)
