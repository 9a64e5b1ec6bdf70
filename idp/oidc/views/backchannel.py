"""What portals' servers call: token, introspection and revocation endpoints."""

import re
from collections.abc import Callable
from functools import wraps

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse

from idp.core import clock
from idp.core.callers import address_of
from idp.core.errors import IdpError
from idp.oidc.flows import token_endpoint
from idp.oidc.flows.ciba import answer_backchannel
from idp.oidc.flows.pushed_requests import answer_pushed
from idp.oidc.gateways.client_certificates import presented_certificate
from idp.oidc.gateways.dpop_nonces import fresh_nonce
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.rules.parameters import MalformedError, Parameters
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


def call_of(request: HttpRequest, *, form: Parameters) -> Call:
    """What was sent, as one value. The address is the published one: no Host is believed."""
    return Call(
        authorization=request.headers.get("Authorization", ""),
        form=form,
        method=request.method or "",
        url=settings.HYGIE.base_url + re.sub("/+", "/", request.path),
        dpop=request.headers.get("DPoP", ""),
        certificate=presented_certificate(request),
        caller=address_of(request),
    )


def with_nonce(response: HttpResponse, call: Call) -> HttpResponse:
    """RFC 9449 §8.2: every answer to a portal that sends proofs brings the next nonce."""
    if call.dpop or call.is_dpop:
        response["DPoP-Nonce"] = fresh_nonce(now=clock.now())
    return response


def _answer(request: HttpRequest, flow: Callable[..., JsonAnswer]) -> HttpResponse:
    if request.method != "POST":
        response = oauth_json(malformed("POST is required.", status=405))
        response["Allow"] = "POST"
        return response
    try:
        call = call_of(request, form=form_of(request))
    except MalformedError as error:
        return oauth_json(malformed(error.description))
    return with_nonce(oauth_json(flow(call=call)), call)


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


@json_refusals
def ciba(request: HttpRequest) -> HttpResponse:
    """CIBA Core 1.0 §7."""
    return _answer(request, answer_backchannel)


@json_refusals
def push(request: HttpRequest) -> HttpResponse:
    """RFC 9126 §2."""
    return _answer(request, answer_pushed)
