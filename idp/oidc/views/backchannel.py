"""What portals' servers call: token, introspection and revocation endpoints."""

from collections.abc import Callable
from functools import wraps

import structlog
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

from idp.core.callers import address_of
from idp.core.errors import IdpError
from idp.oidc.flows import token_endpoint
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.rules.parameters import MalformedError
from idp.oidc.views.parameters import form_of

log = structlog.get_logger()
RETRY_AFTER_SECONDS = 30


def oauth_json(answer: JsonAnswer, *, challenge: str = 'Basic realm="hygie"') -> HttpResponse:
    """RFC 6749 §5.1 and §5.2: never stored by a cache; 401 names the scheme."""
    response = JsonResponse(answer.body, status=answer.status)
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    if answer.status == 401:
        response["WWW-Authenticate"] = challenge
    return response


View = Callable[[HttpRequest], HttpResponse]


def json_refusals(view: View) -> View:
    """A machine reads the answer: what goes wrong on our side is JSON too, never a page.

    No CSRF check reaches these views (`idp.core.page_chain`): credentials or a token authenticate
    the call, no cookie does, so there is nothing to forge.
    """

    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        try:
            return view(request)
        except (OperationalError, InterfaceError) as error:
            log.error("database_unavailable", path=request.path, error=type(error).__name__)
            return _later(503, "temporarily_unavailable")
        except IdpError as error:
            log.warning("back_channel_refused", code=error.code, detail=error.detail)
            return _later(error.status, error.code if error.status < 500 else "server_error")

    return answered


def _later(status: int, code: str) -> HttpResponse:
    response = oauth_json(JsonAnswer(status=status, body={"error": code}))
    response["Retry-After"] = str(RETRY_AFTER_SECONDS)
    return response


def malformed(description: str, *, status: int = 400) -> JsonAnswer:
    return JsonAnswer(
        status=status, body={"error": "invalid_request", "error_description": description}
    )


def _answer(request: HttpRequest, flow: Callable[..., JsonAnswer]) -> HttpResponse:
    if request.method != "POST":
        response = oauth_json(malformed("POST is required.", status=405))
        response["Allow"] = "POST"
        return response
    try:
        call = Call(
            authorization=request.headers.get("Authorization", ""),
            form=form_of(request),
            caller=address_of(request),
        )
    except MalformedError as error:
        return oauth_json(malformed(error.description))
    return oauth_json(flow(call=call))


@json_refusals
def token(request: HttpRequest) -> HttpResponse:
    """RFC 6749 §3.2."""
    return _answer(request, token_endpoint.answer_token)


@json_refusals
def introspect(request: HttpRequest) -> HttpResponse:
    """RFC 7662 §2."""
    return _answer(request, token_endpoint.answer_introspection)


@json_refusals
def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009 §2."""
    return _answer(request, token_endpoint.answer_revocation)
