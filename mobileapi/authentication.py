"""Device-signed requests: `Authorization: Device <id>` and a proof made with the instance key.

No cookie and no stored token is ever accepted here, so that there is nothing for CSRF to ride on.
"""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from idp.enrollment.flows import refusals
from idp.enrollment.flows.devices import DeviceProof, authenticate
from idp.enrollment.gateways.dpop import ProofTarget
from idp.enrollment.models import Device

SCHEME = "device"


class DeviceAuthentication(BaseAuthentication):
    """`request.user` is the device. Every view of this class needs one: there is no anonymous."""

    def authenticate(self, request: Request) -> tuple[Device, None]:
        django_request: HttpRequest = request._request
        device_id = claimed_device_id(django_request.headers.get("Authorization", ""))
        target = ProofTarget(
            method=django_request.method or "",
            # RFC 9449 §4.2: without query and fragment; the public address, not what a proxy says.
            url=f"{settings.HYGIE.base_url}{django_request.path}",
            body=django_request.body,
        )
        proof = django_request.headers.get("DPoP", "")
        device = authenticate(DeviceProof(claimed_device_id=device_id, proof=proof, target=target))
        return device, None

    def authenticate_header(self, request: Request) -> str:
        return 'DPoP algs="ES256"'


def claimed_device_id(authorization: str) -> UUID:
    """The identifier of `Device <uuid>`; nothing is proven by it."""
    scheme, _space, value = authorization.partition(" ")
    try:
        if scheme.lower() == SCHEME:
            return UUID(value.strip())
    except ValueError as error:
        raise refusals.unknown_device("malformed Authorization") from error
    raise refusals.unknown_device("no Authorization: Device")
