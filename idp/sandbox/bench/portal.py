"""The portal that the bench plays: logs a test person in, redeems, refreshes."""

import base64
import hashlib
import json
import re
import secrets
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from idp.sandbox.bench.load import BenchError
from idp.sandbox.bench.wire import Answer, Wire

MOST_REDIRECTIONS = 10
DOCUMENTS = (
    "/auth/realms/esante-wallet/.well-known/openid-configuration",
    "/.well-known/openid-configuration",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Of the bench's client at the provider. Never printed."""

    client_id: str
    client_secret: str
    redirect_uri: str
    person: str

    def __repr__(self) -> str:
        return f"Registration({self.client_id!r})"

    @property
    def basic(self) -> str:
        pair = f"{self.client_id}:{self.client_secret}".encode()
        return "Basic " + base64.b64encode(pair).decode()


def discover(wire: Wire) -> tuple[str, dict[str, Any]]:
    """(path of the document, its content)."""
    for path in DOCUMENTS:
        answer = wire.get(path)
        if answer.status == 200:
            document: dict[str, Any] = json.loads(answer.body)
            return path, document
    raise BenchError("no discovery document at this base URL")


def expect(answer: Answer, status: int, what: str) -> Answer:
    if answer.status != status:
        raise BenchError(f"{what} answered {answer.status}")
    return answer


class Portal:
    """One browser and one portal's server over one connection. Used by one thread."""

    def __init__(self, wire: Wire, endpoints: dict[str, Any], registration: Registration) -> None:
        self._wire = wire
        self._endpoints = endpoints
        self._registration = registration
        self._verifier = secrets.token_urlsafe(48)

    def log_in(self) -> dict[str, Any]:
        """A new browser: from the portal's redirection to the token response."""
        self._wire.forget_cookies()
        return self.redeem(self._code_of(self._through_the_pages(self._authorize())))

    def code(self) -> str:
        """A code from the session that is open already."""
        return self._code_of(self._authorize())

    def redeem(self, code: str) -> dict[str, Any]:
        return self._token(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self._registration.redirect_uri,
            code_verifier=self._verifier,
        )

    def refresh(self, refresh_token: str) -> dict[str, Any]:
        return self._token(grant_type="refresh_token", refresh_token=refresh_token)

    def userinfo(self, access_token: str) -> None:
        answer = self._wire.get(
            self._endpoints["userinfo_endpoint"], Authorization=f"Bearer {access_token}"
        )
        expect(answer, 200, "userinfo")

    def introspect(self, token: str) -> None:
        answer = self._wire.post(
            self._endpoints["introspection_endpoint"],
            urlencode({"token": token}),
            Authorization=self._registration.basic,
        )
        if not json.loads(expect(answer, 200, "introspection").body)["active"]:
            raise BenchError("introspection: the token is not active")

    def fetch(self, address: str) -> None:
        expect(self._wire.get(address), 200, urlsplit(address).path)

    def _token(self, **form: str) -> dict[str, Any]:
        answer = self._wire.post(
            self._endpoints["token_endpoint"],
            urlencode(form),
            Authorization=self._registration.basic,
        )
        tokens: dict[str, Any] = json.loads(expect(answer, 200, "token").body)
        return tokens

    def _authorize(self) -> Answer:
        digest = hashlib.sha256(self._verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._registration.client_id,
            "redirect_uri": self._registration.redirect_uri,
            "scope": "openid scope_all",
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        address = f"{self._endpoints['authorization_endpoint']}?{urlencode(query)}"
        return expect(self._wire.get(address), 302, "authorize")

    def _through_the_pages(self, answer: Answer) -> Answer:
        """The sandbox's "Identité de test": a link, a form, redirections."""
        choose = expect(self._wire.get(answer.location), 200, "login page").body.decode()
        address = urljoin(answer.location, _found(r'<a\b[^>]*id="choose-test"[^>]*>', choose))
        form = expect(self._wire.get(address), 200, "test identity").body.decode()
        fields = {
            "csrfmiddlewaretoken": _value(form, "csrfmiddlewaretoken"),
            "person": self._registration.person,
            "auth_mode": "CARD",
        }
        return self._wire.post(address, urlencode(fields))

    def _code_of(self, answer: Answer) -> str:
        """Follows the provider's own redirections up to the portal's address."""
        for _ in range(MOST_REDIRECTIONS):
            if answer.location.startswith(self._registration.redirect_uri):
                parameters = dict(parse_qsl(urlsplit(answer.location).query))
                if "code" not in parameters:
                    raise BenchError(f"authorize: {parameters.get('error', 'no code')}")
                return parameters["code"]
            if answer.status not in (302, 303):
                break
            answer = self._wire.get(answer.location)
        raise BenchError(f"the login ended with {answer.status} instead of a code")


def _found(pattern: str, html: str) -> str:
    tag = re.search(pattern, html)
    href = re.search(r'href="([^"]+)"', tag.group(0)) if tag else None
    if href is None:
        raise BenchError("the login page offers no test identity")
    return unescape(href.group(1))


def _value(html: str, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*\bvalue="([^"]*)"', html)
    if found is None:
        raise BenchError(f"the form has no {name}")
    return unescape(found.group(1))
