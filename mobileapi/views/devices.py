"""The device about itself and its holder's others, and the nonce that its proofs need."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from idp.enrollment.flows import device_life, devices
from idp.enrollment.flows.people import holder_of
from idp.enrollment.flows.tokens import device_nonce
from mobileapi.documents import device_document, own_document
from mobileapi.serializers import DeviceOut, DevicesOut, LabelIn, NonceOut, OwnDeviceOut
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

    @extend_schema(operation_id="get_device", responses={200: OwnDeviceOut, **problems(401)})
    def get(self, request: Request) -> Response:
        """Works while pending, suspended, blocked or revoked too: the state says what to do."""
        device = self.device(request)
        return Response(own_document(device, holder_of(device.holder_id)))

    @extend_schema(operation_id="revoke_device", responses={204: None, **problems(401)})
    def delete(self, request: Request) -> Response:
        """Removes this phone: revoked at once, final."""
        device = self.device(request)
        devices.revoke(device_id=device.pk, person_id=device.holder_id, by="the device itself")
        return Response(status=204)


class Devices(DeviceView):
    """The holder's phones."""

    @extend_schema(operation_id="list_devices", responses={200: DevicesOut, **problems(401, 403)})
    def get(self, request: Request) -> Response:
        """All that were activated and are not revoked, this one among them."""
        device = self.device(request)
        devices.require_active(device)
        holder = holder_of(device.holder_id)
        shown = devices.devices_of(person_id=device.holder_id)
        return Response({"devices": [device_document(one, holder) for one in shown]})


class OneDevice(DeviceView):
    """One of the holder's phones, named or removed from this one."""

    @extend_schema(
        operation_id="rename_device",
        request=LabelIn,
        responses={200: DeviceOut, **problems(400, 401, 403, 404)},
    )
    def patch(self, request: Request, device_id: UUID) -> Response:
        """The name that its holder reads in their lists."""
        device = self.device(request)
        devices.require_active(device)
        renamed = device_life.rename(
            device_id=device_id,
            person_id=device.holder_id,
            label=self.parsed(request, LabelIn)["label"],
            by=f"device {device.pk}",
        )
        return Response(device_document(renamed, holder_of(device.holder_id)))

    @extend_schema(
        operation_id="revoke_other_device",
        responses={204: None, **problems(401, 403, 404)},
    )
    def delete(self, request: Request, device_id: UUID) -> Response:
        """Lost, or not the holder's doing: revoked at once, with the sessions that it opened.

        A phone in its first day (`HYGIE_PHONE_PROBATION_HOURS`) removes none that is older.
        """
        device_life.revoke_from(device=self.device(request), target_id=device_id)
        return Response(status=204)
