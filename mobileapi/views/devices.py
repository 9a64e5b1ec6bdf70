"""The device about itself, and the nonce that its proofs need."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from idp.enrollment.flows import devices
from idp.enrollment.flows.people import holder_of
from idp.enrollment.flows.tokens import device_nonce
from mobileapi.documents import device_document
from mobileapi.serializers import DeviceOut, NonceOut
from mobileapi.views.base import ApiView, DeviceView, problems


class Nonce(ApiView):
    """A nonce for a proof (RFC 9449 §8), usable 60 s."""

    @extend_schema(operation_id="get_nonce", request=None, responses={200: NonceOut}, auth=[])
    def post(self, request: Request) -> Response:
        """Any answer to a signed request carries a fresh one as well (`DPoP-Nonce`)."""
        nonce = device_nonce()
        return Response({"nonce": nonce}, headers={"DPoP-Nonce": nonce})


class Me(DeviceView):
    """This device, in whatever state it is."""

    @extend_schema(operation_id="get_device", responses={200: DeviceOut, **problems(401)})
    def get(self, request: Request) -> Response:
        """Works while pending, suspended, blocked or revoked too: the state says what to do."""
        device = self.device(request)
        return Response(device_document(device, holder_of(device.holder_id)))

    @extend_schema(operation_id="revoke_device", responses={204: None, **problems(401)})
    def delete(self, request: Request) -> Response:
        """Removes this phone: revoked at once, final."""
        device = self.device(request)
        devices.revoke(device_id=device.pk, person_id=device.holder_id, by="the device itself")
        return Response(status=204)
