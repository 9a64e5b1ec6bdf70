"""Login by phone, waiting page: shows the number, goes on by itself when the phone has answered."""

from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from idp.core import clock, live
from idp.enrollment.flows import requests, tokens
from idp.enrollment.flows.people import request_group
from idp.enrollment.models import ApprovalRequest
from idp.enrollment.rules.states import SHOWN
from idp.login import flows as login
from idp.login.flows.attempts import attempt_over
from idp.login.views.browser import browser_of
from idp.login.views.dispatcher import attempt_page, see_other

PENDING = "pending"


def _mine(request: HttpRequest, request_id: UUID) -> ApprovalRequest:
    """The request, when its login attempt belongs to this browser; else one same answer."""
    approval = requests.request_of_attempt(request_id=request_id)
    if approval is None:
        raise attempt_over()
    login.attempt_of(attempt_id=approval.attempt_id, browser=browser_of(request))
    return approval


def status_of(approval: ApprovalRequest) -> dict[str, Any]:
    """What the page is told: the state, and where to go when it is over."""
    state = SHOWN[approval.state_at(clock.now())]
    after = {
        PENDING: None,
        "approved": reverse("login:finish", args=[approval.attempt_id]),
        "denied": reverse("login:dispatch", args=[approval.attempt_id]),
    }
    over = reverse("enrollment:phone_wait", args=[approval.pk])
    return {"state": state, "next": after.get(state, over)}


@never_cache
@require_GET
def phone_wait(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """The number to type on the phone; when it is over, what comes next."""
    approval = _mine(request, request_id)
    status = status_of(approval)
    if status["state"] in {"approved", "denied"}:
        return see_other(status["next"])
    retry_url = reverse("enrollment:phone_start", args=[approval.attempt_id])
    if status["state"] != PENDING:
        context = {"state": status["state"], "retry_url": retry_url}
        return attempt_page(request, "enrollment/phone_over.html", approval.attempt, context)
    context = {
        # Where the phone has read the code, nothing is typed.
        "number": "" if approval.is_scanned else tokens.number_of(approval),
        "expires_at": approval.expires_at,
        "expires_epoch": int(approval.expires_at.timestamp()),
        "seconds_left": max(0, int((approval.expires_at - clock.now()).total_seconds())),
        "lifetime_seconds": int(settings.HYGIE.lifetimes.approval_request.total_seconds()),
        "events_url": reverse("enrollment:phone_events", args=[approval.pk]),
        "status_url": reverse("enrollment:phone_status", args=[approval.pk]),
        "cancel_request_url": reverse("enrollment:phone_cancel", args=[approval.pk]),
        "retry_url": retry_url,
    }
    return attempt_page(request, "enrollment/phone_wait.html", approval.attempt, context)


@require_GET
async def phone_events(request: HttpRequest, request_id: UUID) -> HttpResponseBase:
    """Server-sent events: the state now, and each change. They carry no code and no proof."""
    approval = await sync_to_async(_mine)(request, request_id)

    def snapshot() -> dict[str, Any]:
        return status_of(ApprovalRequest.objects.get(pk=approval.pk))

    return live.event_stream(
        group=request_group(approval.pk),
        snapshot=snapshot,
        is_final=lambda status: status["state"] != PENDING,
    )


@never_cache
@require_GET
def phone_status(request: HttpRequest, request_id: UUID) -> JsonResponse:
    """The same as one answer, where event streams do not pass."""
    return JsonResponse(status_of(_mine(request, request_id)))


@require_POST
def phone_cancel(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Back to the choice of methods; nothing waits on the phone any more."""
    approval = _mine(request, request_id)
    requests.cancel_request(request=approval)
    return see_other(reverse("login:dispatch", args=[approval.attempt_id]))
