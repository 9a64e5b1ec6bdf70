"""The authorization endpoint (OIDC Core §3.1.2), and the way back from the login."""

from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_supported_language_variant
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from idp.core.callers import address_of
from idp.core.pages import allow_form_to
from idp.login.views.browser import browser_of, new_browser, remember_browser, sso_secret_of
from idp.login.views.dispatcher import see_other
from idp.oidc.flows import authorize as flows
from idp.oidc.rules.authorize_request import AuthorizeRequest
from idp.oidc.rules.errors import ShownError, ShownReason
from idp.oidc.rules.parameters import MalformedError, Parameters
from idp.oidc.views.parameters import query_and_form_of


# A portal's page may post here: there is no session of ours to forge.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponse:
    """Answers from an open session, or sends the person to log in."""
    try:
        parameters = query_and_form_of(request)
    except MalformedError as error:
        malformed = ShownError(ShownReason.MALFORMED, error.detail)
        raise flows.shown(malformed, AuthorizeRequest(), caller=address_of(request)) from error
    if request.method == "POST":
        return _again_as_get(parameters)
    asked = AuthorizeRequest.parse(parameters)
    browser = browser_of(request) or new_browser()
    outcome = flows.authorize(
        asked=asked,
        browser=browser,
        sso_secret=sso_secret_of(request),
        caller=address_of(request),
    )
    if isinstance(outcome, flows.Answer):
        return answer_portal(request, outcome)
    response = HttpResponseRedirect(reverse("login:dispatch", args=[outcome.attempt.pk]))
    if browser_of(request) is None:
        remember_browser(response, browser)
    _prefer_language(request, response, asked.ui_locales)
    return response


def _again_as_get(parameters: Parameters) -> HttpResponse:
    """A cross-site POST comes without our SameSite cookies, the GET that follows has them.

    To the address as we spell it: the path that was asked may be `//auth`, which is another host.
    """
    return see_other(f"{reverse('oidc:authorize')}?{urlencode(parameters.pairs)}")


def _prefer_language(request: HttpRequest, response: HttpResponse, ui_locales: str) -> None:
    """OIDC Core §3.1.2.1: the portal's wish, unless the person chose a language here."""
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return
    for tag in ui_locales.split()[:5]:
        try:
            language = get_supported_language_variant(tag.lower())
        except LookupError:
            continue
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            language,
            secure=settings.LANGUAGE_COOKIE_SECURE,
            httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
            samesite="Lax",
        )
        return


@never_cache
@require_GET
def resume(request: HttpRequest) -> HttpResponse:
    """The dispatcher sends the browser here when the login has ended."""
    answer = flows.resume(
        step=request.GET.get("step", ""),
        browser=browser_of(request),
        caller=address_of(request),
    )
    return answer_portal(request, answer)


def answer_portal(request: HttpRequest, answer: flows.Answer) -> HttpResponse:
    """By redirection, or by a page whose form goes to the portal."""
    if answer.response.mode != "form_post":
        return HttpResponseRedirect(answer.response.location)
    response = render(
        request,
        "oidc/form_post.html",
        {
            "action": answer.response.redirect_uri,
            "fields": answer.response.parameters,
            "portal": answer.portal,
        },
    )
    allow_form_to(response, answer.response.redirect_uri)
    return response
