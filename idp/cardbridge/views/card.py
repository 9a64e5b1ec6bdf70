"""The card page, and the three addresses its module talks to. Each calls one flow."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from idp.cardbridge.flows.answer import log_in_with_card, note_bridge_failure
from idp.cardbridge.flows.challenges import issue_challenge
from idp.cardbridge.rules.refusals import BridgeCode, CardCode, CardRefusedError
from idp.cardbridge.rules.token import MAX_BODY_BYTES
from idp.cardbridge.views.problems import json_problems, problem
from idp.core import strict_json
from idp.core.pages import relax_csp
from idp.login.views.dispatcher import attempt_page, method_page, open_attempt_of

MAX_REPORT_BYTES = 200


@never_cache
@require_GET
@method_page
def start(request: HttpRequest, attempt_id: UUID) -> HttpResponse:
    """The page: insert, type the code, done. Its module begins by itself."""
    attempt = open_attempt_of(request, attempt_id)
    ports = settings.HYGIE.bridge_ports
    response = attempt_page(
        request, "card/login.html", attempt, {"bridge_ports": " ".join(map(str, ports))}
    )
    # This page alone may talk to the bridge: http to recognise it, ws to use it.
    sources = [f"{scheme}://127.0.0.1:{port}" for port in ports for scheme in ("http", "ws")]
    relax_csp(response, "connect-src", *sources)
    return response


@never_cache
@require_POST
@json_problems
def challenge(request: HttpRequest, attempt_id: UUID) -> JsonResponse:
    """`{challenge, control_code}` for this browser's attempt."""
    issued = issue_challenge(attempt=open_attempt_of(request, attempt_id))
    return JsonResponse({"challenge": issued.challenge, "control_code": issued.control_code})


@never_cache
@require_POST
@json_problems
def answer(request: HttpRequest, attempt_id: UUID) -> JsonResponse:
    """The bridge's token as the body; `{next}` or a problem."""
    attempt = open_attempt_of(request, attempt_id)
    # One byte beyond the limit is enough to refuse: the rest is never read.
    log_in_with_card(attempt=attempt, body=request.read(MAX_BODY_BYTES + 1))
    return JsonResponse({"next": reverse("login:finish", args=[attempt.pk])})


@never_cache
@require_POST
@json_problems
def failure(request: HttpRequest, attempt_id: UUID) -> JsonResponse:
    """`{code}` of the bridge or of the page; answers its explanation and its audit reference."""
    attempt = open_attempt_of(request, attempt_id)
    return problem(note_bridge_failure(attempt=attempt, code=_reported(request)), status=200)


def _reported(request: HttpRequest) -> BridgeCode:
    try:
        report = strict_json.read(request.read(MAX_REPORT_BYTES))
        return BridgeCode(report["code"])
    except (ValueError, KeyError, TypeError) as error:
        raise CardRefusedError(CardCode.ANSWER_UNREADABLE, detail="failure report") from error
