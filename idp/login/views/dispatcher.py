"""The dispatcher: shows the choice of methods, finishes, cancels. Methods always come back here."""

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from idp.core import clock, secrets
from idp.core.callers import address_of, network_of
from idp.core.errors import IdpError
from idp.core.pages import allow_form_to
from idp.login import flows
from idp.login.flows.attempts import attempt_over, return_token
from idp.login.methods import installed_methods
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import MethodName
from idp.login.rules.steps import AttemptState, Method, Step, next_step, usable_methods
from idp.login.views.browser import (
    browser_of,
    known_secret_of,
    last_method_of,
    remember_known,
    remember_method,
    remember_sso,
    sso_secret_of,
)


def see_other(url: str) -> HttpResponseRedirect:
    """303: what follows a POST is a GET (RFC 9700 §4.12)."""
    response = HttpResponseRedirect(url)
    response.status_code = 303
    return response


def attempt_page(
    request: HttpRequest,
    template: str,
    attempt: LoginAttempt,
    context: dict[str, Any] | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """A page of this attempt: portal in the header, forms that may end at the portal, no cache."""
    response = render(
        request,
        template,
        {
            "portal": attempt.portal,
            "attempt_id": attempt.pk,
            "choose_url": reverse("login:dispatch", args=[attempt.pk]),
            "cancel_url": reverse("login:cancel", args=[attempt.pk]),
            "finish_url": reverse("login:finish", args=[attempt.pk]),
            **(context or {}),
        },
        status=status,
    )
    if attempt.final_url:
        allow_form_to(response, attempt.final_url)
    response["Cache-Control"] = "no-store"
    return response


def open_attempt_of(request: HttpRequest, attempt_id: UUID) -> LoginAttempt:
    """For a method's views: the attempt of this browser, still open."""
    attempt = flows.attempt_of(attempt_id=attempt_id, browser=browser_of(request))
    if _step(attempt) is not Step.CHOOSE:
        raise attempt_over()
    return attempt


MethodPage = Callable[[HttpRequest, UUID], HttpResponse]


def method_page(view: MethodPage) -> MethodPage:
    """For a method's pages: where the attempt was decided meanwhile, the dispatcher goes on.

    A form sent twice by a double click, or the button "back": the first answer holds, and the
    person who gave it sees where it led, not that it is over.
    """

    @functools.wraps(view)
    def page(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
        try:
            return view(request, attempt_id)
        except IdpError as error:
            if error.code != "attempt_over":
                raise
            attempt = flows.attempt_of(attempt_id=attempt_id, browser=browser_of(request))
            if _step(attempt) not in {Step.FINISH, Step.RETURN_REFUSAL}:
                raise
        return see_other(reverse("login:dispatch", args=[attempt.pk]))

    return page


def _step(attempt: LoginAttempt) -> Step:
    return next_step(
        state=AttemptState(attempt.state), expires_at=attempt.expires_at, now=clock.now()
    )


_TEXTS = {
    MethodName.CARD: (
        _("Ma carte CPS"),
        _("Insérez la carte dans le lecteur, puis composez votre code."),
    ),
    MethodName.PHONE: (
        _("Mon téléphone"),
        _("Approuvez la connexion dans votre application e-CPS."),
    ),
    MethodName.OFFLINE: (
        _("Code hors connexion"),
        _("Recopiez le code de votre application e-CPS, si le téléphone n’a pas de réseau."),
    ),
    MethodName.TEST: (
        _("Identité de test"),
        _("Choisissez une personne fictive, sans carte ni téléphone."),
    ),
}


# A fallback is never first, whatever was used last.
_RANKS = {str(MethodName.OFFLINE): 1, str(MethodName.TEST): 2}


def _choice(method: Method, attempt: LoginAttempt, last_used: str) -> dict[str, Any]:
    title, explanation = _TEXTS[method.name]
    return {
        "name": str(method.name),
        "url": reverse(method.url_name, args=[attempt.pk]),
        "title": title,
        "explanation": explanation,
        "is_last_used": method.name == last_used,
    }


@never_cache
@require_GET
def dispatch(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """What comes next in this attempt (`rules.steps.next_step`)."""
    attempt = flows.attempt_of(attempt_id=attempt_id, browser=browser_of(request))
    step = _step(attempt)
    if step is Step.FINISH:
        return see_other(reverse("login:finish", args=[attempt.pk]))
    if step is Step.RETURN_REFUSAL:
        return _return(attempt, None)
    if step is Step.EXPIRED:
        raise attempt_over()
    last_used = last_method_of(request)
    choices = [
        _choice(method, attempt, last_used)
        for method in usable_methods(installed_methods(), attempt.login_policy)
    ]
    choices.sort(key=lambda choice: (_RANKS.get(choice["name"], 0), not choice["is_last_used"]))
    return attempt_page(request, "login/choose.html", attempt, {"methods": choices})


@never_cache
@require_http_methods(["GET", "POST"])
def finish(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """Takes the proof, opens the session, sends the browser back to the asker.

    A POST is the person's yes to what was asked before: another's session, a card that ends soon;
    or the practice that was chosen.
    """
    attempt = flows.attempt_of(attempt_id=attempt_id, browser=browser_of(request))
    if _step(attempt) is Step.RETURN_REFUSAL:
        return _return(attempt, None)
    if request.method == "GET":
        told = flows.told_before_finish(attempt=attempt, previous_secret=sso_secret_of(request))
        if told is not None:
            return attempt_page(request, "login/confirm.html", attempt, {"told": told})
    practices = flows.offered_practices(attempt=attempt)
    practice = request.POST.get("practice", "")
    if practices and practice not in {each.key for each in practices}:
        # Also after the page above: one question at a time.
        is_empty = "practice" in request.POST or "practice-form" in request.POST
        return attempt_page(
            request,
            "login/practice.html",
            attempt,
            {"practices": practices, "is_empty": is_empty},
            status=400 if is_empty else 200,
        )
    session, cookie_secret = flows.finish(
        attempt=attempt,
        previous_secret=sso_secret_of(request),
        practice=practice if practices else "",
    )
    response = _return(attempt, session)
    remember_sso(response, cookie_secret)
    remember_method(response, session.method)
    if session.method != MethodName.OFFLINE:
        secret = known_secret_of(request) or secrets.new_token()
        flows.remember_person(
            secret=secret,
            person_id=session.person_id,
            network=network_of(address_of(request)),
        )
        remember_known(response, secret)
    return response


@require_POST
def cancel(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The person goes back to the portal: `access_denied` (OIDC Core §3.1.2.6)."""
    attempt = flows.attempt_of(attempt_id=attempt_id, browser=browser_of(request))
    if _step(attempt) is Step.CHOOSE:
        flows.refuse(attempt=attempt, code="access_denied")
        attempt.refresh_from_db()
    elif _step(attempt) is Step.FINISH:
        flows.decline(attempt=attempt)
        attempt.refresh_from_db()
    return see_other(reverse("login:dispatch", args=[attempt.pk]))


def _return(attempt: LoginAttempt, session: SsoSession | None) -> HttpResponseRedirect:
    address = reverse(attempt.return_url_name, kwargs=attempt.return_kwargs)
    return see_other(f"{address}?{urlencode({'step': return_token(attempt, session)})}")
