"""Public documents: discovery and JWKS. No statement, strong validators, any origin may read."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from idp.oidc.gateways import keys
from idp.oidc.gateways.discovery import discovery
from idp.oidc.gateways.keys import Published
from idp.oidc.views.backchannel import json_refusals

# A key is published as `next` long before it signs; PSC's clients also reload on an unknown kid.
MAX_AGE_SECONDS = 300


def _serve(request: HttpRequest, document: Published) -> HttpResponse:
    response = HttpResponse(document.body, content_type="application/json")
    # RFC 9110 §13.2: the answer to If-None-Match.
    answer = get_conditional_response(request, etag=document.etag, response=response)
    assert isinstance(answer, HttpResponse)  # noqa: S101 - a response was given
    answer["ETag"] = document.etag
    answer["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    # Public and without credentials: the only endpoints that browsers of any origin may read.
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


def _view(document: Callable[[], Published]) -> Callable[[HttpRequest], HttpResponse]:
    @json_refusals
    @require_safe
    def view(request: HttpRequest) -> HttpResponse:
        return _serve(request, document())

    return view


openid_configuration = _view(discovery)
certs = _view(lambda: keys.ring().jwks)
