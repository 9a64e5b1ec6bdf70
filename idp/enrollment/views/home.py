"""« Mon e-CPS »: the holder's phones, seen and revoked after a fresh card login."""

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.cards import cards_of, ends_soon
from idp.enrollment.flows import device_life, devices, refusals
from idp.enrollment.flows.device_ends import life_of
from idp.enrollment.flows.people import has_fresh_card, holder_of
from idp.enrollment.models import Device
from idp.enrollment.rules.limits import MAX_ACTIVE_DEVICES
from idp.enrollment.rules.states import DeviceState
from idp.enrollment.views.refused import leads_back_to_my_ecps
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.authentication import LoginPolicy, MethodName, Portal, ReturnAddress
from idp.login.views.browser import browser_of, new_browser, remember_browser, sso_secret_of
from idp.login.views.dispatcher import see_other

# Shown in place of a portal: this login is for Hygie's own page.
CLIENT_ID = "mon-ecps"


def session_of(request: HttpRequest) -> SsoSession | None:
    return login.current_session(cookie_secret=sso_secret_of(request))


def device_rows(person_id: UUID) -> list[dict[str, Any]]:
    """The holder's devices as the templates show them."""
    return [_row(device) for device in devices.devices_of(person_id=person_id)]


def _row(device: Device) -> dict[str, Any]:
    life = life_of(device)
    return {
        "id": device.pk,
        "label": device.label,
        "kind": device.kind,
        "state": device.state,
        "created_at": device.created_at,
        "activated_at": device.activated_at,
        "enrolled_reference": device.enrolled_reference,
        "last_used_at": device.last_used_at,
        "valid_until": device.valid_until,
        "ends_at": life.ends_at,
        "warning": str(life.warning(clock.now())),
        "rename_url": reverse("enrollment:rename", args=[device.pk]),
        "revoke_url": reverse("enrollment:revoke", args=[device.pk]),
        "resume_url": reverse("enrollment:put_back", args=[device.pk])
        if device_life.may_resume(device)
        else "",
    }


@never_cache
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """The list of phones; without a card login of the last minutes, that login first."""
    session = session_of(request)
    if session is None or not has_fresh_card(session):
        return card_first(request)
    rows = device_rows(session.person_id)
    active = [row for row in rows if row["state"] == DeviceState.ACTIVE]
    context = {
        "holder": holder_of(session.person_id).display_name,
        "devices": rows,
        "max_devices": MAX_ACTIVE_DEVICES,
        "can_add": len(active) < MAX_ACTIVE_DEVICES,
        "start_url": reverse("enrollment:start"),
        "revoked": "revoked" in request.GET,
        "ending_cards": [card for card in cards_of(person_id=session.person_id) if ends_soon(card)],
        "renamed": "renamed" in request.GET,
        "resumed": "resumed" in request.GET,
    }
    return render(request, "enrollment/home.html", context)


def card_first(request: HttpRequest) -> HttpResponse:
    """Opens a login by card only; in the sandbox a test identity may stand for the card."""
    return own_login(request, MethodName.CARD, back_to="enrollment:resume")


def own_login(request: HttpRequest, *allowed: MethodName, back_to: str) -> HttpResponse:
    """Opens a login for a page of our own, by these means."""
    methods = [*allowed]
    if settings.HYGIE.is_sandbox:
        methods.append(MethodName.TEST)
    browser = browser_of(request) or new_browser()
    attempt = login.open_attempt(
        portal=Portal(
            client_id=CLIENT_ID,
            name=_("Mon e-CPS"),
            host=urlsplit(settings.HYGIE.base_url).netloc,
        ),
        policy=LoginPolicy(methods=tuple(methods)),
        return_to=ReturnAddress(url_name=back_to),
        browser=browser,
    )
    response = see_other(reverse("login:dispatch", args=[attempt.pk]))
    remember_browser(response, browser)
    return response


@never_cache
@require_GET
@leads_back_to_my_ecps
def resume(request: HttpRequest) -> HttpResponse:
    """Back from the login. Who came without a card is told so, not sent round again."""
    finished = login.read_finished(token=request.GET.get("step", ""), browser=browser_of(request))
    if finished.session is None:
        raise IdpError(
            finished.refusal_code or "access_denied",
            _("La connexion a été arrêtée à votre demande."),
            status=403,
        )
    if not has_fresh_card(finished.session):
        raise refusals.fresh_card_needed()
    return see_other(reverse("enrollment:home"))


@require_POST
@leads_back_to_my_ecps
def revoke(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Takes effect at once. Any live session of the holder may: it only makes things safer."""
    session = session_of(request)
    if session is None:
        return card_first(request)
    devices.revoke(device_id=device_id, person_id=session.person_id, by="holder at a workstation")
    return see_other(f"{reverse('enrollment:home')}?revoked")


@require_POST
@leads_back_to_my_ecps
def rename(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """Another name for a phone; an empty one changes nothing."""
    session = session_of(request)
    if session is None or not has_fresh_card(session):
        return card_first(request)
    try:
        device_life.rename(
            device_id=device_id,
            person_id=session.person_id,
            label=request.POST.get("label", ""),
            by="holder at a workstation",
        )
    except IdpError as error:
        if error.code != "label_empty":
            raise
        return see_other(reverse("enrollment:home"))
    return see_other(f"{reverse('enrollment:home')}?renamed")


@require_POST
@leads_back_to_my_ecps
def put_back(request: HttpRequest, device_id: UUID) -> HttpResponse:
    """A phone suspended with an opposed card serves again, by the card that was just shown."""
    session = session_of(request)
    if session is None or not has_fresh_card(session):
        return card_first(request)
    device_life.resume(device_id=device_id, session=session)
    return see_other(f"{reverse('enrollment:home')}?resumed")
