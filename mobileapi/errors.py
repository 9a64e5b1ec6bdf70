"""RFC 9457 answers of the mobile API: the one place where a refusal becomes a problem document."""

from collections.abc import Iterator
from typing import Any

import structlog
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response

from idp.core.errors import IdpError

log = structlog.get_logger()
PROBLEM_JSON = "application/problem+json"

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    423: "Locked",
    429: "Too Many Requests",
}


def problem(exception: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler. What is not a refusal is a bug, and goes on as a 500."""
    if isinstance(exception, Http404):
        return _document(404, "not_found", _("Cette adresse n’existe pas."))
    if isinstance(exception, IdpError):
        log.info("api_refused", code=exception.code, detail=exception.detail)
        extra: dict[str, Any] = dict(getattr(exception, "extra", {}))
        if exception.reference:
            extra["reference"] = exception.reference
        return _document(exception.status, exception.code, exception.description, **extra)
    if isinstance(exception, ValidationError):
        # Which members and why is for the developer: `errors` is not meant to be shown.
        errors = list(_flat(exception.detail))
        return _document(400, "invalid_request", _("La demande est mal formée."), errors=errors)
    if isinstance(exception, APIException):
        return _document(exception.status_code, "invalid_request", _("La demande est mal formée."))
    return None


def _document(status: int, code: str, detail: str, **extra: Any) -> Response:
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
        **extra,
    }
    headers = {"Cache-Control": "no-store"}
    if status == 401:
        # RFC 9110 §11.6.1 and RFC 9449 §9.
        headers["WWW-Authenticate"] = f'DPoP error="{code}", algs="ES256"'
    return Response(body, status=status, headers=headers, content_type=PROBLEM_JSON)


def _flat(detail: Any, path: str = "") -> Iterator[str]:
    """`member: what is wrong`, one line each, whatever the nesting."""
    if isinstance(detail, dict):
        for name, below in detail.items():
            yield from _flat(below, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for below in detail:
            yield from _flat(below, path)
    else:
        yield f"{path}: {detail}"
