"""The middleware of pages, built once, and none of it around what machines call.

Token, introspection, revocation, UserInfo and the published documents have no session, no language,
no form and no page: they get their security headers and nothing else.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string

Answer = HttpResponseBase | Awaitable[HttpResponseBase]
_ON_PAGES = "_is_page"


def _back_channel_headers() -> dict[str, str]:
    """What SecurityMiddleware says that matters where there is no document."""
    headers = {"X-Content-Type-Options": "nosniff"}
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return headers


def is_page(request: HttpRequest) -> bool:
    """Whether the middleware of pages stands around this request."""
    return hasattr(request, _ON_PAGES)


class PageChain:
    """Middleware: `settings.PAGE_MIDDLEWARE`, unless `settings.IS_BACK_CHANNEL` names the path."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._is_back_channel: Callable[[str], bool] = import_string(settings.IS_BACK_CHANNEL)
        self._bare = get_response
        self._headers = _back_channel_headers()
        self._hooked: list[Any] = []
        chain = get_response
        for path in reversed(settings.PAGE_MIDDLEWARE):
            middleware = import_string(path)(chain)
            self._hooked.insert(0, middleware)
            # As Django does between two middleware: an exception becomes a response in its place.
            chain = convert_exception_to_response(middleware)
        self._pages = chain
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        if not self._is_back_channel(request.path_info):
            setattr(request, _ON_PAGES, True)
            answer: Answer = self._pages(request)
            return answer
        if self._is_async:
            return self._bare_async(request)
        return self._with_headers(self._bare(request))

    async def _bare_async(self, request: HttpRequest) -> HttpResponseBase:
        return self._with_headers(await self._bare(request))

    def _with_headers(self, response: HttpResponseBase) -> HttpResponseBase:
        for name, value in self._headers.items():
            response.setdefault(name, value)
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> HttpResponseBase | None:
        """Before the view of a page, outermost first: CSRF lives here."""
        for hook in self._hooks(request, "process_view", self._hooked):
            if (response := hook(request, view, arguments, keywords)) is not None:
                return response
        return None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """After the view of a page raised, innermost first: the error page lives here."""
        for hook in self._hooks(request, "process_exception", self._hooked[::-1]):
            if (response := hook(request, exception)) is not None:
                return response
        return None

    def _hooks(
        self, request: HttpRequest, name: str, middleware: list[Any]
    ) -> list[Callable[..., HttpResponseBase | None]]:
        if not is_page(request):
            return []
        return [getattr(each, name) for each in middleware if hasattr(each, name)]
