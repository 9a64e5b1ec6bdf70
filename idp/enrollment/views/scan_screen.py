"""The code that turns: what the login page is sent each second, and told once a phone read it."""

from io import BytesIO
from typing import Any
from uuid import UUID

import segno
from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from idp.core import clock, live
from idp.core.callers import address_of, network_of
from idp.enrollment.flows import scanning, tokens
from idp.login import flows as login
from idp.login.flows.attempts import attempt_group
from idp.login.models import LoginAttempt
from idp.login.rules.steps import AttemptState
from idp.login.views.browser import browser_of
from idp.login.views.dispatcher import open_attempt_of

QR_SCALE = 6
QR_BORDER = 4
TURN_SECONDS = 1


def code_of(attempt: LoginAttempt) -> str:
    """The text of the QR code now. In the fragment: it reaches no server log and no Referer."""
    return f"{settings.HYGIE.base_url}/ecps/#l={tokens.login_qr(attempt)}"


def _mine(request: HttpRequest, attempt_id: UUID) -> LoginAttempt:
    return login.attempt_of(attempt_id=attempt_id, browser=browser_of(request))


def status_of(attempt: LoginAttempt) -> dict[str, Any]:
    """`waiting`, or where to go: to the request of the phone that read the code, or on."""
    request = scanning.scanned_request(attempt=attempt)
    if attempt.state != AttemptState.OPEN:
        return {"state": "over", "next": reverse("login:dispatch", args=[attempt.pk])}
    if request is not None and request.is_open_at(clock.now()):
        return {"state": "scanned", "next": reverse("enrollment:phone_wait", args=[request.pk])}
    return {"state": "waiting", "next": None}


@require_GET
async def phone_scan_events(request: HttpRequest, attempt_id: UUID) -> HttpResponseBase:
    """Server-sent events: `{code}` each second, `{state, next}` when that changes."""
    attempt = await sync_to_async(_mine)(request, attempt_id)

    def snapshot() -> dict[str, Any]:
        return status_of(LoginAttempt.objects.get(pk=attempt.pk))

    return live.event_stream(
        group=attempt_group(attempt.pk),
        snapshot=snapshot,
        is_final=lambda status: status["state"] != "waiting",
        tick=live.Tick(seconds=TURN_SECONDS, message=lambda: {"code": code_of(attempt)}),
        places=live.Places(
            key=network_of(address_of(request)), limit=settings.HYGIE.qr_streams_per_network
        ),
    )


@never_cache
@require_GET
def phone_scan_status(request: HttpRequest, attempt_id: UUID) -> JsonResponse:
    """The same as one answer, where event streams do not pass or are too many."""
    attempt = _mine(request, attempt_id)
    return JsonResponse({**status_of(attempt), "code": code_of(attempt)})


@never_cache
@require_GET
def phone_qr(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The code of this moment as an image, for a page without JavaScript."""
    code = segno.make(code_of(open_attempt_of(request, attempt_id)), error="m", micro=False)
    image = BytesIO()
    code.save(image, kind="svg", scale=QR_SCALE, border=QR_BORDER, light="#fff")
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")
