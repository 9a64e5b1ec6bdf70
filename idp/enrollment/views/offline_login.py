"""Login with the code of a phone without network: one page, identifier and code."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from idp.core.callers import address_of, network_of
from idp.core.errors import IdpError
from idp.core.identifiers import normalise_typed_identifier
from idp.enrollment.flows.offline import prove_by_code
from idp.login.models import LoginAttempt
from idp.login.views.dispatcher import attempt_page, method_page, open_attempt_of, see_other

# What stays on the page, to be typed again; anything else is a page of its own.
_MENDABLE = frozenset({"invalid_identifier", "offline_code_refused", "offline_codes_used_up"})


@never_cache
@require_http_methods(["GET", "POST"])
@method_page
def offline_start(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """GET asks for identifier and code; POST logs in, or says the one thing that may be said."""
    attempt = open_attempt_of(request, attempt_id)
    if request.method == "GET":
        return _page(request, attempt, attempt.login_policy.login_hint)
    typed = request.POST.get("login", "")
    try:
        prove_by_code(
            attempt=attempt,
            identifier=normalise_typed_identifier(typed),
            code="".join(request.POST.get("code", "")[:20].split()),
            network=network_of(address_of(request)),
        )
    except IdpError as error:
        if error.code not in _MENDABLE:
            raise
        return _page(request, attempt, typed, error)
    return see_other(reverse("login:finish", args=[attempt.pk]))


def _page(
    request: HttpRequest, attempt: LoginAttempt, login: str, error: IdpError | None = None
) -> HttpResponse:
    return attempt_page(
        request,
        "enrollment/offline.html",
        attempt,
        {"login": login, "error": error},
        status=error.status if error else 200,
    )
