"""What portals' servers call: token, introspection and revocation endpoints."""

import re
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from idp.core import clock
from idp.oidc.flows import token_endpoint
from idp.oidc.flows.ciba import answer_backchannel
from idp.oidc.flows.pushed_requests import answer_pushed
from idp.oidc.gateways.client_certificates import presented_certificate
from idp.oidc.gateways.dpop_nonces import fresh_nonce
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.rules.parameters import MalformedError, Parameters
from idp.oidc.views.parameters import form_of


def oauth_json(answer: JsonAnswer, *, challenge: str = 'Basic realm="hygie"') -> HttpResponse:
    """RFC 6749 §5.1 and §5.2: never stored by a cache; 401 names the scheme."""
    response = JsonResponse(answer.body, status=answer.status)
    response["Cache-Control"] = "no-store"
    response["Pragma"] = "no-cache"
    if answer.status == 401:
        response["WWW-Authenticate"] = challenge
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


# The client's credentials authenticate these calls, no cookie does: there is nothing to forge.
@csrf_exempt
def token(request: HttpRequest) -> HttpResponse:
    """RFC 6749 §3.2."""
    return _answer(request, token_endpoint.answer_token)


@csrf_exempt
def introspect(request: HttpRequest) -> HttpResponse:
    """RFC 7662 §2."""
    return _answer(request, token_endpoint.answer_introspection)


@csrf_exempt
def revoke(request: HttpRequest) -> HttpResponse:
    """RFC 7009 §2."""
    return _answer(request, token_endpoint.answer_revocation)


@csrf_exempt
def ciba(request: HttpRequest) -> HttpResponse:
    """CIBA Core 1.0 §7."""
    return _answer(request, answer_backchannel)


@csrf_exempt
def push(request: HttpRequest) -> HttpResponse:
    """RFC 9126 §2."""
    return _answer(request, answer_pushed)
