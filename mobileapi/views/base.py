"""What every API view shares: size limit, no cache, a fresh nonce on each answer to a device."""

from collections.abc import Mapping
from typing import IO, Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiResponse
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from idp.core import strict_json
from idp.core.errors import IdpError
from idp.enrollment.flows.tokens import device_nonce
from idp.enrollment.models import Device
from mobileapi.authentication import DeviceAuthentication
from mobileapi.errors import PROBLEM_JSON
from mobileapi.fields import Strict
from mobileapi.serializers import ProblemOut

LARGEST_BODY = 64 * 1024


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """The refusals of an operation, for the OpenAPI document."""
    refusal = OpenApiResponse(ProblemOut, "RFC 9457 problem document")
    return {(status, PROBLEM_JSON): refusal for status in statuses}


class StrictJsonParser(JSONParser):
    """UTF-8 whatever the charset said (RFC 8259 §8.1), every name once."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            return strict_json.read(stream.read())
        except ValueError as error:
            raise ParseError from error


class ApiView(APIView):
    """No cookie is read here: CSRF has nothing to ride on, and DRF views are exempt from it."""

    parser_classes = [StrictJsonParser]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if len(request._request.body) > LARGEST_BODY:
            raise IdpError("too_large", _("La demande est trop grande."), status=413)
        super().initial(request, *args, **kwargs)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "no-store")
        return final

    def parsed(self, request: Request, serializer: type[Strict]) -> dict[str, Any]:
        """The body as typed values; anything else is `invalid_request`."""
        form = serializer(data=request.data)
        form.is_valid(raise_exception=True)
        values: dict[str, Any] = form.validated_data
        return values


class DeviceView(ApiView):
    """A view for a device that proved its instance key with this very request."""

    authentication_classes = [DeviceAuthentication]

    def device(self, request: Request) -> Device:
        # What DeviceAuthentication returns; DRF's types know users only.
        return cast("Device", request.user)

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        final = super().finalize_response(request, response, *args, **kwargs)
        # RFC 9449 §8.2: the next proof needs no extra round trip.
        final["DPoP-Nonce"] = device_nonce()
        return final
