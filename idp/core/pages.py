"""What every HTML page shares: template context, the error page, the headers a page may relax."""

from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext as _

from idp.core.errors import IdpError
from idp.core.page_chain import is_page

log = structlog.get_logger()


def context(request: HttpRequest) -> dict[str, Any]:
    """Context processor: what base.html needs on every page."""
    return {"sandbox": settings.HYGIE.is_sandbox, "base_url": settings.HYGIE.base_url}


def error_page(request: HttpRequest, error: IdpError, **extra: Any) -> HttpResponse:
    """The page of a refusal: what happened, what to do now, a reference the operator can find."""
    context = {"error": error, "reference": error.reference, **extra}
    response = render(request, "errors/error.html", context, status=error.status)
    # RFC 9110 §15.1: a cache may keep a 404 or a 410 of its own accord.
    response["Cache-Control"] = "no-store"
    return response


def refused(request: HttpRequest, error: IdpError, **extra: Any) -> HttpResponse:
    """The page of a refusal, with a line in the log: what a view catches by itself."""
    log.info("page_refused", code=error.code, detail=error.detail, path=request.path)
    return error_page(request, error, **extra)


class ErrorPages(MiddlewareMixin):
    """Middleware: the one handler of refusals on HTML pages. It decides nothing."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, IdpError):
            return None
        return refused(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from our own page, or a browser without cookies."""
    log.warning("csrf_refused", reason=reason, path=request.path)
    return error_page(
        request,
        IdpError(
            "form_refused",
            _(
                "Votre navigateur bloque les cookies, nécessaires à votre sécurité. "
                "Autorisez-les pour ce site, puis recommencez depuis le portail."
            ),
            status=403,
        ),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return error_page(
        request, IdpError("not_found", _("Cette page n’existe pas ou n’existe plus."), status=404)
    )


def server_error(request: HttpRequest) -> HttpResponse:
    if not is_page(request):
        return JsonResponse(
            {"error": "server_error"}, status=500, headers={"Cache-Control": "no-store"}
        )
    return error_page(
        request,
        IdpError(
            "server_error",
            _("Le service a rencontré un problème de son côté. Réessayez dans un instant."),
            status=500,
        ),
    )


def allow_form_to(response: HttpResponseBase, url: str) -> None:
    """Lets a form of this page end, by redirections, at the portal's address.

    Chromium applies CSP form-action to every redirection after a form is sent.
    """
    parts = urlsplit(url)
    target = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    relax_csp(response, "form-action", target)


def relax_csp(response: HttpResponseBase, directive: str, *sources: str) -> None:
    """Adds sources to one CSP directive of this response only."""
    update: dict[str, list[str]] = getattr(response, "_csp_update", {})
    update.setdefault(directive, []).extend(sources)
    response._csp_update = update  # type: ignore[attr-defined]
