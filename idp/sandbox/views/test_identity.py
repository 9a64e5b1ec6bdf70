"""The page "Identité de test": a plain form that works without JavaScript."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from idp.core.errors import IdpError
from idp.core.identifiers import normalise_typed_identifier
from idp.directory.flows.find import list_test_professionals
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import AuthMode, MethodName
from idp.login.views.dispatcher import attempt_page, method_page, open_attempt_of, see_other
from idp.sandbox.flows.test_identity import log_in_as, refuse_outside_sandbox


@require_http_methods(["GET", "POST"])
@method_page
def test_identity(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """GET shows the list; POST (`person` or `other`, `auth_mode`) logs that person in."""
    refuse_outside_sandbox()
    attempt = open_attempt_of(request, attempt_id)
    if request.method == "GET":
        return _page(request, attempt)
    try:
        log_in_as(
            attempt=attempt,
            national_id=_person(request),
            auth_mode=_auth_mode(request),
        )
    except IdpError as error:
        if error.code == "attempt_over":
            raise
        login.note_failure(attempt=attempt, error=error, method=MethodName.TEST)
        return _page(request, attempt, error)
    return see_other(reverse("login:finish", args=[attempt.pk]))


def _person(request: HttpRequest) -> str:
    """The identifier that was typed, as people write it, else the one that was chosen."""
    typed = request.POST.get("other", "").strip()
    return normalise_typed_identifier(typed) if typed else request.POST.get("person", "")


def _auth_mode(request: HttpRequest) -> AuthMode:
    value = request.POST.get("auth_mode", AuthMode.CARD)
    if value not in set(AuthMode):
        raise IdpError("unknown_auth_mode", _("Choisissez « carte » ou « téléphone »."))
    return AuthMode(value)


def _page(
    request: HttpRequest, attempt: LoginAttempt, error: IdpError | None = None
) -> HttpResponse:
    return attempt_page(
        request,
        "sandbox/test_identity.html",
        attempt,
        {"people": list_test_professionals(), "error": error},
        status=error.status if error else 200,
    )
