"""A keep-alive connection to a provider on this machine, with the cookies of one browser."""

import http.client
from dataclasses import dataclass
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

from django.core.management.base import CommandError

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    status: int
    location: str
    body: bytes


def require_loopback(base_url: str) -> None:
    """A load is put on one's own machine only."""
    parts = urlsplit(base_url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise CommandError("bench: the base URL must be http on this machine (localhost).")


class Wire:
    """Used by one thread. Redirections are answers: the caller follows them."""

    def __init__(self, base_url: str) -> None:
        require_loopback(base_url)
        self._base = urlsplit(base_url)
        self._connection: http.client.HTTPConnection | None = None
        self._cookies: dict[str, str] = {}

    def forget_cookies(self) -> None:
        self._cookies.clear()

    def get(self, address: str, **headers: str) -> Answer:
        return self._send("GET", address, None, headers)

    def post(self, address: str, form: str, **headers: str) -> Answer:
        return self._send(
            "POST",
            address,
            form.encode(),
            {"Content-Type": "application/x-www-form-urlencoded", **headers},
        )

    def _send(
        self, method: str, address: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        if self._cookies:
            headers["Cookie"] = "; ".join(
                f"{name}={value}" for name, value in self._cookies.items()
            )
        try:
            response = self._exchange(method, _path_of(address), body, headers)
        except (http.client.HTTPException, ConnectionError):
            # The server closed an idle connection: once more on a new one.
            self.close()
            response = self._exchange(method, _path_of(address), body, headers)
        return response

    def _exchange(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                self._base.hostname or "", self._base.port, timeout=SECONDS
            )
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        for line in response.headers.get_all("Set-Cookie", []):
            for name, morsel in SimpleCookie(line).items():
                self._cookies[name] = morsel.value
        return Answer(
            status=response.status, location=response.headers.get("Location", ""), body=content
        )

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _path_of(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
