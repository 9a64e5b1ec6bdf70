"""The one handler of refusals on the card page's JSON addresses."""

import functools
from collections.abc import Callable
from uuid import UUID

import structlog
from django.http import HttpRequest, JsonResponse

from idp.cardbridge.flows.explanations import explanation_of
from idp.core.errors import IdpError

log = structlog.get_logger()
View = Callable[[HttpRequest, UUID], JsonResponse]


def problem(error: IdpError, *, status: int) -> JsonResponse:
    """What the page shows: code, title, description, next step, reference of the audit row."""
    row = explanation_of(error.code)
    return JsonResponse(
        {
            "code": error.code,
            "title": str(row.title),
            "description": error.description or str(row.description),
            "next_step": str(row.next_step),
            "can_retry": row.can_retry,
            "reference": error.reference,
        },
        status=status,
        headers={"Cache-Control": "no-store"},
    )


def json_problems(view: View) -> View:
    """Renders a refusal of this view as a problem."""

    @functools.wraps(view)
    def answer(request: HttpRequest, attempt_id: UUID) -> JsonResponse:
        try:
            return view(request, attempt_id)
        except IdpError as error:
            log.info("card_refused", code=error.code, detail=error.detail)
            return problem(error, status=error.status)

    return answer
