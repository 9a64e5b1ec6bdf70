"""The middleware of pages, built once, and none of it around what machines call.

Token, introspection, revocation, UserInfo and the published documents have no session, no language,
no form and no page: they get their security headers and nothing else. The phone's API has no
session and no form either: its own name and the person's language are all it needs.
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
_CHAIN = "_middleware_chain"


def _back_channel_headers() -> dict[str, str]:
    """What SecurityMiddleware says that matters where there is no document."""
    headers = {"X-Content-Type-Options": "nosniff"}
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}"
    return headers


def is_page(request: HttpRequest) -> bool:
    """Whether the middleware of pages stands around this request."""
    chain: _Chain | None = getattr(request, _CHAIN, None)
    return chain is not None and chain.is_for_pages


class _Chain:
    """Middleware around the application, outermost first."""

    def __init__(
        self, paths: list[str], get_response: Callable[[HttpRequest], Any], *, is_for_pages: bool
    ) -> None:
        self.is_for_pages = is_for_pages
        self.middleware: list[Any] = []
        answer = get_response
        for path in reversed(paths):
            middleware = import_string(path)(answer)
            self.middleware.insert(0, middleware)
            # As Django does between two middleware: an exception becomes a response in its place.
            answer = convert_exception_to_response(middleware)
        self._answer = answer

    def __call__(self, request: HttpRequest) -> Any:
        setattr(request, _CHAIN, self)
        return self._answer(request)


class PageChain:
    """Middleware: `settings.PAGE_MIDDLEWARE`, but for the paths that two other settings name.

    `IS_BACK_CHANNEL`: none of it. `IS_API`: `API_MIDDLEWARE`.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._is_back_channel: Callable[[str], bool] = import_string(settings.IS_BACK_CHANNEL)
        self._is_api: Callable[[str], bool] = import_string(settings.IS_API)
        self._bare = get_response
        self._headers = _back_channel_headers()
        self._pages = _Chain(settings.PAGE_MIDDLEWARE, get_response, is_for_pages=True)
        self._api = _Chain(settings.API_MIDDLEWARE, get_response, is_for_pages=False)
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Answer:
        if self._is_api(request.path_info):
            return self._headed(self._api, request)
        if self._is_back_channel(request.path_info):
            return self._headed(self._bare, request)
        answer: Answer = self._pages(request)
        return answer

    def _headed(self, chain: Callable[[HttpRequest], Any], request: HttpRequest) -> Answer:
        if self._is_async:
            return self._headed_async(chain, request)
        return self._with_headers(chain(request))

    async def _headed_async(
        self, chain: Callable[[HttpRequest], Any], request: HttpRequest
    ) -> HttpResponseBase:
        return self._with_headers(await chain(request))

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
        for hook in _hooks(request, "process_view"):
            if (response := hook(request, view, arguments, keywords)) is not None:
                return response
        return None

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponseBase | None:
        """After the view of a page raised, innermost first: the error page lives here."""
        for hook in _hooks(request, "process_exception")[::-1]:
            if (response := hook(request, exception)) is not None:
                return response
        return None


def _hooks(request: HttpRequest, name: str) -> list[Callable[..., HttpResponseBase | None]]:
    chain: _Chain | None = getattr(request, _CHAIN, None)
    middleware = chain.middleware if chain else []
    return [getattr(each, name) for each in middleware if hasattr(each, name)]
