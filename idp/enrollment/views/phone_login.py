"""Login by phone, first page: who is it? The next page is the same whoever was named."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from idp.core.callers import address_of
from idp.core.errors import IdpError
from idp.core.identifiers import InvalidIdentifierError, normalise_typed_identifier
from idp.enrollment.flows.requests import Screen, request_approval
from idp.enrollment.rules.people import network_of
from idp.login.models import LoginAttempt
from idp.login.views.dispatcher import attempt_page, method_page, open_attempt_of, see_other

LONGEST_USER_AGENT = 500


def screen_of(request: HttpRequest) -> Screen:
    """The browser and the network of this request."""
    return Screen(
        user_agent=request.headers.get("User-Agent", "")[:LONGEST_USER_AGENT],
        network=network_of(address_of(request)),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@method_page
def phone_start(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """GET asks for the national identifier; POST asks that person's phones."""
    attempt = open_attempt_of(request, attempt_id)
    if request.method == "GET":
        return _page(request, attempt, attempt.login_policy.login_hint)
    typed = request.POST.get("login", "")
    try:
        identifier = normalise_typed_identifier(typed)
    except InvalidIdentifierError as error:
        return _page(request, attempt, typed, error)
    approval = request_approval(attempt=attempt, identifier=identifier, screen=screen_of(request))
    return see_other(reverse("enrollment:phone_wait", args=[approval.pk]))


def _page(
    request: HttpRequest, attempt: LoginAttempt, login: str, error: IdpError | None = None
) -> HttpResponse:
    return attempt_page(
        request,
        "enrollment/phone_start.html",
        attempt,
        {"login": login, "error": error},
        status=error.status if error else 200,
    )
