"""The UserInfo endpoint (OIDC Core §5.3), by GET and POST."""

from django.http import HttpRequest, HttpResponse

from idp.oidc.flows.userinfo import tell_userinfo
from idp.oidc.gateways.keys import InvalidTokenError
from idp.oidc.gateways.server import JsonAnswer
from idp.oidc.rules.parameters import MalformedError
from idp.oidc.views.backchannel import json_refusals, malformed, oauth_json
from idp.oidc.views.parameters import FORM, form_of, query_of


def _presented_token(request: HttpRequest) -> str:
    """RFC 6750 §2: the header, or the form of a POST; one of them, and never the query."""
    if query_of(request).get("access_token"):
        # RFC 9700 §4.3.2: a token in an address ends up in logs.
        raise MalformedError("access_token in the query")
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    in_header = token.strip() if scheme.lower() == "bearer" else ""
    has_form = request.method == "POST" and request.content_type == FORM
    form = form_of(request) if has_form else None
    in_form = form.get("access_token") if form else ""
    if (in_header and in_form) or (form and "access_token" in form.repeated):
        raise MalformedError("two access tokens")
    return in_header or in_form


@json_refusals
def userinfo(request: HttpRequest) -> HttpResponse:
    """Claims as JSON, or a Bearer challenge (RFC 6750 §3)."""
    if request.method not in ("GET", "POST"):
        response = oauth_json(malformed("GET or POST is required.", status=405))
        response["Allow"] = "GET, POST"
        return response
    try:
        token = _presented_token(request)
    except MalformedError as error:
        return oauth_json(malformed(error.description))
    if not token:
        # RFC 6750 §3.1: no error code where no authentication was tried.
        return oauth_json(JsonAnswer(status=401, body={}), challenge='Bearer realm="hygie"')
    try:
        return oauth_json(JsonAnswer(status=200, body=tell_userinfo(access_token=token)))
    except InvalidTokenError as error:
        body = {"error": error.code, "error_description": error.description}
        challenge = (
            f'Bearer realm="hygie", error="{error.code}", error_description="{error.description}"'
        )
        return oauth_json(JsonAnswer(status=401, body=body), challenge=challenge)
