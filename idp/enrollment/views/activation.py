"""The activation on the workstation: QR code and typed code, then the phone's six digits."""

from io import BytesIO
from typing import Any
from uuid import UUID

import segno
from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from idp.core import clock, live
from idp.core.errors import IdpError
from idp.enrollment.flows import activation, certification, refusals, tokens
from idp.enrollment.flows.people import enrolment_group, has_fresh_card, holder_of
from idp.enrollment.models import Enrolment
from idp.enrollment.rules.codes import grouped
from idp.enrollment.rules.limits import QR_MARGIN
from idp.enrollment.rules.states import OPEN_ENROLMENTS, EnrolmentState
from idp.enrollment.views.home import CLIENT_ID, card_first, device_rows, session_of
from idp.enrollment.views.refused import leads_back_to_my_ecps
from idp.login import flows as login
from idp.login.methods import installed_methods
from idp.login.models import SsoSession
from idp.login.rules.authentication import MethodName
from idp.login.views.browser import browser_of, new_browser, remember_browser
from idp.login.views.dispatcher import see_other

QR_SCALE = 6
QR_BORDER = 4


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    """Begins an activation; a card login that is too old is asked for again."""
    session = session_of(request)
    if session is None or not has_fresh_card(session):
        return card_first(request)
    enrolment = activation.start(session=session)
    return see_other(reverse("enrollment:show", args=[enrolment.pk]))


def _mine(request: HttpRequest, enrolment_id: UUID) -> tuple[Enrolment, SsoSession]:
    session = session_of(request)
    enrolment = activation.enrolment_of(enrolment_id=enrolment_id, session=session)
    if session is None:
        raise refusals.enrolment_over("no session")
    return enrolment, session


@never_cache
@require_GET
@leads_back_to_my_ecps
def show(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """One address for the whole activation: the state decides what it shows."""
    enrolment, _session = _mine(request, enrolment_id)
    return _page(request, enrolment)


def _page(
    request: HttpRequest, enrolment: Enrolment, error: IdpError | None = None
) -> HttpResponse:
    state = enrolment.state_at(clock.now())
    holder = holder_of(enrolment.holder_id).display_name
    home_url = reverse("enrollment:home")
    if state is EnrolmentState.ACTIVE:
        done = {"holder": holder, "device": enrolment.device, "home_url": home_url}
        return render(request, "enrollment/done.html", done)
    context: dict[str, Any] = {
        "state": str(state),
        "enrolment_id": enrolment.pk,
        "holder": holder,
        "code": grouped(tokens.typed_code(enrolment.pk)),
        "expires_at": enrolment.expires_at,
        "seconds_left": max(0, int((enrolment.expires_at - clock.now()).total_seconds())),
        "qr_url": reverse("enrollment:qr", args=[enrolment.pk]),
        "qr_renew_seconds": int(
            (settings.HYGIE.lifetimes.enrolment_qr - QR_MARGIN).total_seconds()
        ),
        "app_url": _app_url(),
        "device_label": enrolment.device.label if enrolment.device else "",
        "end_reason": enrolment.end_reason,
        "error": error,
        "home_url": home_url,
        "start_url": reverse("enrollment:start"),
        **{
            f"{name}_url": reverse(f"enrollment:{name}", args=[enrolment.pk])
            for name in ("show", "events", "confirm", "certify", "cancel")
        },
    }
    if error is not None and error.code == "too_many_devices":
        context["devices"] = device_rows(enrolment.holder_id)
    return render(
        request, "enrollment/activate.html", context, status=error.status if error else 200
    )


def _app_url() -> str:
    return f"{settings.HYGIE.base_url}/ecps/"


@never_cache
@require_GET
def qr(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """The QR code as an image; each one carries a token of its own that lasts 90 s."""
    enrolment, _session = _mine(request, enrolment_id)
    if enrolment.state_at(clock.now()) is not EnrolmentState.WAITING:
        raise refusals.enrolment_over(enrolment.state)
    # In the fragment: it never reaches a server log, a proxy or a Referer.
    code = segno.make(f"{_app_url()}#e={tokens.qr_token(enrolment.pk)}", error="m", micro=False)
    image = BytesIO()
    code.save(image, kind="svg", scale=QR_SCALE, border=QR_BORDER, light="#fff")
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")


@require_GET
async def events(request: HttpRequest, enrolment_id: UUID) -> HttpResponseBase:
    """Server-sent events of this activation, for the session that began it."""
    enrolment, _session = await sync_to_async(_mine)(request, enrolment_id)

    def snapshot() -> dict[str, Any]:
        row = Enrolment.objects.get(pk=enrolment.pk)
        return {"state": str(row.state_at(clock.now()))}

    return live.event_stream(
        group=enrolment_group(enrolment.pk),
        snapshot=snapshot,
        is_final=lambda state: state["state"] not in OPEN_ENROLMENTS,
    )


@require_POST
@leads_back_to_my_ecps
def confirm(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """The six digits of the phone. What can be mended stays on the page."""
    enrolment, session = _mine(request, enrolment_id)
    try:
        state = activation.confirm(
            enrolment=enrolment, session=session, typed=request.POST.get("fingerprint", "")
        )
    except IdpError as error:
        if error.code in {"fingerprint_malformed", "too_many_devices"}:
            return _page(request, enrolment, error)
    else:
        if state is EnrolmentState.COMPARED:
            return _ask_card(request, enrolment)
    return see_other(reverse("enrollment:show", args=[enrolment.pk]))


@require_POST
@leads_back_to_my_ecps
def certify(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """The card again, for who left its page."""
    enrolment, _session = _mine(request, enrolment_id)
    return _ask_card(request, enrolment)


def _ask_card(request: HttpRequest, enrolment: Enrolment) -> HttpResponse:
    browser = browser_of(request) or new_browser()
    enrolment.refresh_from_db()
    attempt = certification.begin(enrolment=enrolment, browser=browser, client_id=CLIENT_ID)
    card = next(each for each in installed_methods() if each.name is MethodName.CARD)
    response = see_other(reverse(card.url_name, args=[attempt.pk]))
    remember_browser(response, browser)
    return response


@never_cache
@require_GET
@leads_back_to_my_ecps
def certified(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """Back from the card. Who stopped there finds the activation where it was."""
    finished = login.read_finished(token=request.GET.get("step", ""), browser=browser_of(request))
    try:
        certification.certify(enrolment_id=enrolment_id, finished=finished)
    except IdpError as error:
        if error.code != "access_denied":
            raise
    return see_other(reverse("enrollment:show", args=[enrolment_id]))


@require_POST
@leads_back_to_my_ecps
def cancel(request: HttpRequest, enrolment_id: UUID) -> HttpResponse:
    """Nothing is activated."""
    enrolment, session = _mine(request, enrolment_id)
    activation.cancel(enrolment=enrolment, session=session)
    return see_other(reverse("enrollment:show", args=[enrolment.pk]))
