"""The registration endpoint (RFC 7591 §3), where the operator has turned it on."""

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse

from idp.oidc.flows.registration import answer_registration
from idp.oidc.gateways.server import JsonAnswer
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import parse_parameters
from idp.oidc.rules.registration_request import LONGEST_BODY
from idp.oidc.views.backchannel import call_of, json_refusals, malformed, oauth_json

JSON = "application/json"


@json_refusals
def register(request: HttpRequest) -> HttpResponse:
    """201 with the client, 400 with the reason, 401 without an initial access token."""
    if not settings.HYGIE.accepts_registrations:
        return oauth_json(JsonAnswer(status=404, body={"error": "not_found"}))
    if request.method != "POST":
        response = oauth_json(malformed("POST is required.", status=405))
        response["Allow"] = "POST"
        return response
    if request.content_type != JSON:
        return oauth_json(malformed(f"The body must be {JSON}."))
    call = call_of(request, form=parse_parameters(b""))
    try:
        return oauth_json(answer_registration(call=call, body=_body(request)))
    except BackchannelError as error:
        return _unauthorized(error, is_tried=bool(call.token))


def _body(request: HttpRequest) -> bytes:
    try:
        return request.read(LONGEST_BODY + 1)
    except RequestDataTooBig:
        return b" " * (LONGEST_BODY + 1)


def _unauthorized(error: BackchannelError, *, is_tried: bool) -> HttpResponse:
    """RFC 6750 §3: the challenge names an error only where a token was shown."""
    challenge = 'Bearer realm="hygie"'
    if is_tried:
        challenge += f', error="{error.code}", error_description="{error.description}"'
    body = {"error": error.code, "error_description": error.description}
    return oauth_json(JsonAnswer(status=error.status, body=body), challenge=challenge)
