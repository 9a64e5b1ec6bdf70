"""Where this phone is rung (Web Push), told by the phone itself."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from idp.enrollment.flows import push
from idp.enrollment.flows.devices import require_active
from idp.enrollment.rules.encoding import b64u
from mobileapi.serializers import PushIn, PushOut
from mobileapi.views.base import DeviceView, problems


class Push(DeviceView):
    """The doorbell of this phone. It says that there is something to look at, and nothing more."""

    @extend_schema(operation_id="get_push", responses={200: PushOut, **problems(401, 403)})
    def get(self, request: Request) -> Response:
        """The key to subscribe with, the same for all phones and for ever."""
        device = self.device(request)
        require_active(device)
        return Response(
            {
                "public_key": b64u(bytes(push.push_key().public_key)),
                "is_subscribed": push.is_subscribed(device=device),
            }
        )

    @extend_schema(
        operation_id="put_push", request=PushIn, responses={204: None, **problems(400, 401, 403)}
    )
    def put(self, request: Request) -> Response:
        """One address a phone: a new one takes the place of the former. Known push services only:
        any other is `push_service_unknown`.
        """
        values = self.parsed(request, PushIn)
        push.subscribe(
            device=self.device(request),
            endpoint=values["endpoint"],
            p256dh=values["keys"]["p256dh"],
            auth=values["keys"]["auth"],
        )
        return Response(status=204)

    @extend_schema(operation_id="delete_push", responses={204: None, **problems(401)})
    def delete(self, request: Request) -> Response:
        """No ring any more; works in whatever state the phone is."""
        push.unsubscribe(device=self.device(request))
        return Response(status=204)
