"""The directory for portals: a POST, so that no name stands in an address or a log."""

from typing import Final

from django.http import HttpRequest, HttpResponse

from idp.oidc.flows.look_up import look_up
from idp.oidc.gateways.keys import InvalidTokenError
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import MalformedError
from idp.oidc.views.backchannel import (
    RETRY_AFTER_SECONDS,
    call_of,
    json_refusals,
    malformed,
    oauth_json,
    with_nonce,
)
from idp.oidc.views.parameters import form_of
from idp.oidc.views.userinfo import challenged

# In seconds.
RETRY_AFTER: Final = {"slow_down": 60, "temporarily_unavailable": RETRY_AFTER_SECONDS}


@json_refusals
def annuaire(request: HttpRequest) -> HttpResponse:
    """JSON, or a challenge (RFC 6750 §3)."""
    if request.method != "POST":
        response = oauth_json(malformed("POST is required.", status=405))
        response["Allow"] = "POST"
        return response
    if request.META.get("QUERY_STRING"):
        return oauth_json(malformed("Parameters belong in the body."))
    try:
        call = call_of(request, form=form_of(request))
    except MalformedError as error:
        return oauth_json(malformed(error.description))
    return with_nonce(_answer(call), call)


def _answer(call: Call) -> HttpResponse:
    if not call.token:
        return oauth_json(JsonAnswer(status=401, body={}), challenge='Bearer realm="hygie"')
    try:
        return oauth_json(JsonAnswer(status=200, body=look_up(access_token=call.token, call=call)))
    except InvalidTokenError as error:
        return challenged(error, is_dpop=call.is_dpop)
    except BackchannelError as error:
        if error.code in {"invalid_request", *RETRY_AFTER}:
            return _plain(error)
        return challenged(error, is_dpop=call.is_dpop)


def _plain(error: BackchannelError) -> HttpResponse:
    body = {"error": error.code, "error_description": error.description}
    response = oauth_json(JsonAnswer(status=error.status or 400, body=body))
    if error.code in RETRY_AFTER:
        response["Retry-After"] = str(RETRY_AFTER[error.code])
    return response
