"""The seed of this phone's offline codes, where the deployment has them."""

from django.conf import settings
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from idp.enrollment.flows import offline
from idp.enrollment.gateways.otp import address_of
from idp.enrollment.rules.encoding import b64u
from idp.enrollment.rules.offline import DIGITS, PERIOD_SECONDS
from mobileapi.serializers import OfflineSeedOut, OfflineStateOut
from mobileapi.views.base import DeviceView, problems


class Offline(DeviceView):
    """Codes for when this phone has no network (RFC 6238): `eidas1` only, off by default."""

    @extend_schema(operation_id="get_offline", responses={200: OfflineStateOut, **problems(401)})
    def get(self, request: Request) -> Response:
        """Whether this deployment takes such codes, and whether this phone has a seed."""
        has_seed = offline.has_seed(device=self.device(request))
        return Response({"is_available": settings.HYGIE.offline_codes, "has_seed": has_seed})

    @extend_schema(
        operation_id="renew_offline",
        request=None,
        responses={200: OfflineSeedOut, **problems(401, 403)},
    )
    def put(self, request: Request) -> Response:
        """A new seed, told this once; the former one's codes are wrong from now on."""
        seed = offline.give_seed(device=self.device(request))
        return Response(
            {
                "secret": b64u(seed),
                "algorithm": "SHA256",
                "digits": DIGITS,
                "period": PERIOD_SECONDS,
                "address": address_of(seed, issuer=settings.HYGIE.rp_id),
            }
        )

    @extend_schema(operation_id="delete_offline", responses={204: None, **problems(401)})
    def delete(self, request: Request) -> Response:
        """No code of this phone is right any more."""
        offline.take_seed_back(device=self.device(request))
        return Response(status=204)
