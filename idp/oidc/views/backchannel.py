"""What portals' servers call: token, introspection and revocation endpoints."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from idp.oidc.flows import token_endpoint
from idp.oidc.flows.ciba import answer_backchannel
from idp.oidc.gateways.server import Call, JsonAnswer
from idp.oidc.rules.parameters import MalformedError
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


def _answer(request: HttpRequest, flow: Callable[..., JsonAnswer]) -> HttpResponse:
    if request.method != "POST":
        response = oauth_json(malformed("POST is required.", status=405))
        response["Allow"] = "POST"
        return response
    try:
        call = Call(authorization=request.headers.get("Authorization", ""), form=form_of(request))
    except MalformedError as error:
        return oauth_json(malformed(error.description))
    return oauth_json(flow(call=call))


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
