"""The outermost middleware: whoever answers a request has the right of way."""

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from idp.core.right_of_way import Server, file_of


class Serving:
    """Middleware: from when a request comes until its answer is there, its body or its stream."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._server = Server(file_of(settings.HYGIE.data_dir))
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._answer_async(request)
        self._server.take()
        try:
            response: HttpResponseBase = self._get_response(request)
        finally:
            self._server.leave()
        return response

    async def _answer_async(self, request: HttpRequest) -> HttpResponseBase:
        self._server.take()
        try:
            response: HttpResponseBase = await self._get_response(request)
        finally:
            self._server.leave()
        return response
