"""Login by phone, first page: a number for who is known here, else a code to scan; or the passkey.

Which of the two is shown depends on the browser alone, never on who is named.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from idp.core import strict_json
from idp.core.callers import address_of, network_of
from idp.core.errors import IdpError
from idp.core.identifiers import InvalidIdentifierError, normalise_typed_identifier
from idp.enrollment.flows import passkey_login, refusals, requests, scanning
from idp.enrollment.flows.requests import Screen, request_approval
from idp.enrollment.rules.codes import grouped
from idp.enrollment.rules.people import place_of
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.views.browser import forget_known, known_secret_of
from idp.login.views.dispatcher import attempt_page, method_page, open_attempt_of, see_other

LONGEST_USER_AGENT = 500
LARGEST_ASSERTION = 16 * 1024


def screen_of(request: HttpRequest) -> Screen:
    """The browser and the network of this request."""
    address = address_of(request)
    return Screen(
        user_agent=request.headers.get("User-Agent", "")[:LONGEST_USER_AGENT],
        network=network_of(address),
        place=place_of(address, settings.HYGIE.places),
    )


@never_cache
@require_http_methods(["GET", "POST"])
@method_page
def phone_start(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """GET: what this browser may start. POST asks the phones of a person who is known here."""
    attempt = open_attempt_of(request, attempt_id)
    secret = known_secret_of(request)
    known = login.people_known_to(secret=secret)
    if not known:
        if request.method == "POST":
            return _scan_page(request, attempt, refusals.not_known_here())
        return _scan_page(request, attempt)
    if request.method == "GET":
        return _number_page(request, attempt, _remembered(attempt, known))
    typed = request.POST.get("login", "")
    try:
        identifier = normalise_typed_identifier(typed)
    except InvalidIdentifierError as error:
        return _number_page(request, attempt, typed, error)
    person = next((each for each in known if identifier in each.identifiers), None)
    if person is None:
        return _scan_page(request, attempt, refusals.not_known_here())
    approval = request_approval(
        attempt=attempt, person=person, known_secret=secret, screen=screen_of(request)
    )
    return see_other(reverse("enrollment:phone_wait", args=[approval.pk]))


@never_cache
@require_GET
@method_page
def phone_scan(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The code to scan, for who could be asked by number too."""
    return _scan_page(request, open_attempt_of(request, attempt_id))


@never_cache
@require_POST
@method_page
def phone_code(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Ten characters for a phone without a camera."""
    attempt = open_attempt_of(request, attempt_id)
    _open_screen(request, attempt)
    typed = scanning.typed_code_of(attempt=attempt)
    return _scan_page(request, attempt, typed_code=grouped(typed.code))


@never_cache
@require_POST
def phone_passkey(request: HttpRequest, attempt_id: UUID) -> JsonResponse:
    """The browser's `AuthenticationResponseJSON`; `{next}`, or `{code, detail, reference}`."""
    try:
        attempt = open_attempt_of(request, attempt_id)
        passkey_login.log_in_with_passkey(attempt=attempt, credential=_credential(request))
    except IdpError as error:
        answer = {"code": error.code, "detail": error.description, "reference": error.reference}
        return JsonResponse(answer, status=error.status)
    return JsonResponse({"next": reverse("login:finish", args=[attempt.pk])})


@require_POST
@method_page
def phone_forget(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Nobody is known in this browser any more."""
    attempt = open_attempt_of(request, attempt_id)
    if secret := known_secret_of(request):
        login.forget_browser(secret=secret)
    response = see_other(reverse("enrollment:phone_start", args=[attempt.pk]))
    forget_known(response)
    return response


def _credential(request: HttpRequest) -> dict[str, Any]:
    try:
        value = strict_json.read(request.read(LARGEST_ASSERTION + 1))
    except ValueError as error:
        raise refusals.passkey_refused("unreadable") from error
    if not isinstance(value, dict) or not isinstance(value.get("response"), dict):
        raise refusals.passkey_refused("malformed")
    return value


def _remembered(attempt: LoginAttempt, known: tuple[login.KnownPerson, ...]) -> str:
    """Whom the portal means, if they are known here; else the last one."""
    hint = attempt.login_policy.login_hint
    named = (each.national_id for each in known if hint and hint in each.identifiers)
    return next(named, known[0].national_id)


def _open_screen(request: HttpRequest, attempt: LoginAttempt) -> None:
    screen = screen_of(request)
    requests.count_start(screen)
    scanning.open_screen(attempt=attempt, screen=screen)


def _scan_page(
    request: HttpRequest,
    attempt: LoginAttempt,
    error: IdpError | None = None,
    *,
    typed_code: str = "",
) -> HttpResponse:
    if not typed_code:
        _open_screen(request, attempt)
    context = {
        "error": error,
        "typed_code": typed_code,
        "passkey_options": passkey_login.request_options(attempt=attempt),
        "app_url": f"{settings.HYGIE.base_url}/ecps/",
        "code_seconds": int(settings.HYGIE.lifetimes.login_code.total_seconds()),
        **{
            f"{name}_url": reverse(f"enrollment:phone_{name}", args=[attempt.pk])
            for name in ("scan", "code", "passkey", "scan_events", "scan_status", "qr")
        },
    }
    status = error.status if error else 200
    return attempt_page(request, "enrollment/phone_scan.html", attempt, context, status=status)


def _number_page(
    request: HttpRequest, attempt: LoginAttempt, typed: str, error: IdpError | None = None
) -> HttpResponse:
    context = {
        "login": typed,
        "error": error,
        "passkey_options": passkey_login.request_options(attempt=attempt),
        **{
            f"{name}_url": reverse(f"enrollment:phone_{name}", args=[attempt.pk])
            for name in ("scan", "passkey", "forget")
        },
    }
    status = error.status if error else 200
    return attempt_page(request, "enrollment/phone_start.html", attempt, context, status=status)
