"""The UserInfo endpoint (OIDC Core §5.3), by GET and POST."""

from typing import Any

from django.http import HttpRequest, HttpResponse

from idp.oidc.flows.userinfo import tell_userinfo
from idp.oidc.gateways.keys import InvalidTokenError
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.rules.dpop import DPOP_ALGS
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import MalformedError, parse_parameters
from idp.oidc.views.backchannel import call_of, json_refusals, malformed, oauth_json, with_nonce
from idp.oidc.views.parameters import FORM, form_of, query_of


def _presented_token(request: HttpRequest, call: Call) -> str:
    """RFC 6750 §2: the header, or the form of a POST; one of them, and never the query."""
    if query_of(request).get("access_token"):
        # RFC 9700 §4.3.2: a token in an address ends up in logs.
        raise MalformedError("access_token in the query")
    in_header, in_form = call.token, call.form.get("access_token")
    if (in_header and in_form) or "access_token" in call.form.repeated:
        raise MalformedError("two access tokens")
    return in_header or in_form


def _told(claims: dict[str, Any] | str) -> HttpResponse:
    """OIDC Core §5.3.2: a JWT is `application/jwt`."""
    if isinstance(claims, dict):
        return oauth_json(JsonAnswer(status=200, body=claims))
    response = HttpResponse(claims, content_type="application/jwt")
    response["Cache-Control"] = "no-store"
    return response


@json_refusals
def userinfo(request: HttpRequest) -> HttpResponse:
    """Claims as JSON, or a Bearer challenge (RFC 6750 §3)."""
    if request.method not in ("GET", "POST"):
        response = oauth_json(malformed("GET or POST is required.", status=405))
        response["Allow"] = "GET, POST"
        return response
    try:
        is_form = request.method == "POST" and request.content_type == FORM
        call = call_of(request, form=form_of(request) if is_form else parse_parameters(b""))
        token = _presented_token(request, call)
    except MalformedError as error:
        return _malformed(error)
    return with_nonce(_answer(token, call), call)


def _malformed(error: MalformedError) -> HttpResponse:
    """RFC 6750 §3: a request without a usable token is answered with a challenge, 400 or not."""
    response = oauth_json(malformed(error.description))
    response["WWW-Authenticate"] = 'Bearer realm="hygie", error="invalid_request"'
    return response


def _answer(token: str, call: Call) -> HttpResponse:
    if not token:
        # RFC 6750 §3.1: no error code where no authentication was tried.
        return oauth_json(JsonAnswer(status=401, body={}), challenge='Bearer realm="hygie"')
    try:
        return _told(tell_userinfo(access_token=token, call=call))
    except (InvalidTokenError, BackchannelError) as error:
        return challenged(error, is_dpop=call.is_dpop)


def challenged(error: InvalidTokenError | BackchannelError, *, is_dpop: bool) -> HttpResponse:
    """RFC 6750 §3, RFC 9449 §7.1: the challenge names the error, and what proofs may be."""
    said = f'error="{error.code}", error_description="{error.description}"'
    if is_dpop:
        challenge = f'DPoP realm="hygie", {said}, algs="{" ".join(DPOP_ALGS)}"'
    else:
        challenge = f'Bearer realm="hygie", {said}'
    # A proof that is refused at a resource is a failed authentication (RFC 9449 §7.1, §9).
    status = 403 if error.status == 403 else 401
    body = {"error": error.code, "error_description": error.description}
    response = oauth_json(JsonAnswer(status=status, body=body), challenge=challenge)
    response["WWW-Authenticate"] = challenge
    return response
