"""The end-session endpoint (RP-Initiated Logout 1.0), its confirmation and its last page."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from idp.core.callers import address_of
from idp.core.pages import allow_form_to, relax_csp
from idp.directory.rules.professional import Professional
from idp.login.views.browser import forget_sso, sso_secret_of
from idp.login.views.dispatcher import see_other
from idp.oidc.flows import authorize
from idp.oidc.flows import logout as flows
from idp.oidc.rules.authorize_request import AuthorizeRequest
from idp.oidc.rules.end_session_request import EndSessionRequest
from idp.oidc.rules.errors import ShownError, ShownReason
from idp.oidc.rules.parameters import MalformedError, Parameters
from idp.oidc.rules.registration import origin_of
from idp.oidc.views.parameters import form_of, query_and_form_of, raw_query


def _malformed(request: HttpRequest, error: MalformedError) -> ShownError:
    return authorize.shown(
        ShownError(ShownReason.MALFORMED, error.detail),
        AuthorizeRequest(),
        caller=address_of(request),
    )


# With a hint the hint is the proof; without, a confirmation page of ours has its own token.
@csrf_exempt
@never_cache
@require_http_methods(["GET", "POST"])
def end_session(request: HttpRequest) -> HttpResponse:
    """Ends the session that the hint names, or asks the person."""
    try:
        parameters = query_and_form_of(request)
    except MalformedError as error:
        raise _malformed(request, error) from error
    asked = EndSessionRequest.parse(parameters, raw_query=raw_query(request))
    hint = flows.read_hint(asked)
    if hint is None and request.method == "POST":
        return _again_as_get(parameters)
    outcome = flows.begin_logout(asked=asked, hint=hint, sso_secret=sso_secret_of(request))
    if isinstance(outcome, flows.MustConfirm):
        return _confirmation(request, asked, outcome)
    return _last(request, outcome)


def _again_as_get(parameters: Parameters) -> HttpResponse:
    """A cross-site POST comes without our SameSite cookies, the GET that follows has them.

    To the address as we spell it: the path that was asked may be `//auth/…`, which is another host.
    """
    return see_other(f"{reverse('oidc:logout')}?{urlencode(parameters.pairs)}")


@never_cache
@require_POST
def confirm(request: HttpRequest) -> HttpResponse:
    """The person pressed the button of our page."""
    try:
        asked = EndSessionRequest.parse(form_of(request))
    except MalformedError as error:
        raise _malformed(request, error) from error
    outcome = flows.confirm_logout(asked=asked, sso_secret=sso_secret_of(request))
    return _last(request, outcome)


def _confirmation(
    request: HttpRequest, asked: EndSessionRequest, outcome: flows.MustConfirm
) -> HttpResponse:
    professional = Professional.from_snapshot(outcome.session.person.snapshot)
    response = render(
        request,
        "oidc/confirm_logout.html",
        {
            "confirm_url": reverse("oidc:logout_confirm"),
            "person_name": professional.display_name,
            "portal": outcome.portal,
            "hidden": asked.to_pairs(outcome.redirect_uri),
        },
    )
    if outcome.redirect_uri:
        allow_form_to(response, outcome.redirect_uri)
    return response


def _logged_out_page(request: HttpRequest, outcome: flows.LoggedOut) -> HttpResponse:
    """With frames (Front-Channel Logout §2) the browser goes on when they are loaded."""
    response = render(
        request,
        "oidc/logged_out.html",
        {"portal": outcome.portal, "frames": outcome.frames, "return_url": outcome.location},
    )
    if outcome.frames:
        relax_csp(response, "frame-src", *sorted({origin_of(frame) for frame in outcome.frames}))
    return response


def _last(request: HttpRequest, outcome: flows.LoggedOut) -> HttpResponse:
    if outcome.location and not outcome.frames:
        response: HttpResponse = see_other(outcome.location)
    else:
        response = _logged_out_page(request, outcome)
    if not outcome.is_session_kept:
        forget_sso(response)
    return response
