"""The outermost middleware: whoever answers a request has the right of way."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from idp.core.right_of_way import file_of, server_at

log = structlog.get_logger(__name__)


class Serving:
    """Middleware: from when a request comes until the response is made."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._server = server_at(file_of(settings.HYGIE.data_dir))
        if not self._server.is_heard:
            log.warning("right_of_way_unknown", file=str(file_of(settings.HYGIE.data_dir)))
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer_async(request)
        taken = self._server.take()
        try:
            response: HttpResponseBase = self._get_response(request)
        finally:
            self._server.leave(taken)
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        taken = self._server.take()
        try:
            response: HttpResponseBase = await self._get_response(request)
        finally:
            self._server.leave(taken)
        return response
