"""How a phone reaches the server: through Django's test client, or over HTTP."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any, Protocol

from django.test import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: status, headers with lower-case names, parsed JSON."""

    status: int
    headers: dict[str, str]
    body: Any


class RefusedError(AssertionError):
    """A problem document: `code` tells which."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.body}")
        self.status: int = answer.status
        self.problem: dict[str, Any] = answer.body
        self.code: str = answer.body["code"]


class Transport(Protocol):
    """How the phone reaches the server."""

    base_url: str

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer: ...


class ClientTransport:
    """Through Django's test client: same process, same transaction."""

    def __init__(self, client: Client, base_url: str = "http://localhost:8000") -> None:
        self.client, self.base_url = client, base_url

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        response = self.client.generic(
            method, path, body, content_type="application/json", headers=headers
        )
        return _answer(response.status_code, dict(response.headers), response.content)


class HttpTransport:
    """Over the network, as a native application would."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url.rstrip("/")

    def send(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        request = urllib.request.Request(  # noqa: S310
            self.base_url + path,
            data=body or None,
            method=method,
            headers={"Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                return _answer(response.status, dict(response.headers), response.read())
        except urllib.error.HTTPError as error:
            return _answer(error.code, dict(error.headers), error.read())


def _answer(status: int, headers: dict[str, str], content: bytes) -> Answer:
    is_json = "json" in headers.get("Content-Type", headers.get("content-type", ""))
    body = json.loads(content) if content and is_json else content
    return Answer(
        status=status, headers={name.lower(): value for name, value in headers.items()}, body=body
    )


def expect_ok(answer: Answer) -> Any:
    """The body, or `RefusedError`."""
    if answer.status >= 400:
        raise RefusedError(answer)
    return answer.body
