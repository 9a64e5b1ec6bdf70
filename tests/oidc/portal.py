"""A portal as a browser and a server see it: asks, logs the person in, redeems, refreshes."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings
from django.http import HttpResponseBase
from django.test import Client as DjangoClient
from django.urls import reverse

from idp.core import clock
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import Authentication, AuthMode, MethodName
from idp.login.rules.levels import Level
from idp.oidc.models import Client

REDIRECT_URI = "https://portail.example/callback"
LOGGED_OUT_URI = "https://portail.example/logged-out"
SECRET = "portal-secret-" + "0" * 30
VERIFIER = "v" * 43
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
PROTOCOL = "/auth/realms/esante-wallet/protocol/openid-connect"
FORM = "application/x-www-form-urlencoded"


_PLAIN = DjangoClient().handler


class Browser(DjangoClient):
    """A browser, or a portal's server. All share the loaded middleware: loading it takes 60 ms."""

    def __init__(self, *, enforce_csrf_checks: bool = False) -> None:
        super().__init__(enforce_csrf_checks=enforce_csrf_checks)
        if not enforce_csrf_checks:
            self.handler = _PLAIN


def basic(client_id: str, secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


def parameters_of(response: HttpResponseBase) -> dict[str, str]:
    """Of the address the browser is sent to."""
    return dict(parse_qsl(urlsplit(response["Location"]).query, keep_blank_values=True))


def prove(attempt: LoginAttempt, person: Person, **changes: Any) -> None:
    """The person proves who they are, as a login method would say it."""
    values: dict[str, Any] = {
        "person_id": person.pk,
        "national_id": person.national_id,
        "method": MethodName.CARD,
        "auth_mode": AuthMode.CARD,
        "amr": ("sc", "pin", "mfa"),
        "level": Level.EIDAS2,
        "at": clock.now(),
        "is_test": True,
    }
    login.prove(attempt=attempt, authentication=Authentication(**{**values, **changes}))


@dataclass
class Portal:
    """One registered client, with one browser in front of it."""

    client: Client
    browser: Browser = field(default_factory=Browser)

    @property
    def request(self) -> dict[str, str]:
        """A valid authorization request."""
        return {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid scope_all",
            "state": "st4te",
            "nonce": "n0nce",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }

    def ask(self, path: str = "/auth", /, **changes: str | None) -> Any:
        """GET of the authorization endpoint; None leaves a parameter out."""
        values = {**self.request, **changes}
        query = {name: value for name, value in values.items() if value is not None}
        return self.browser.get(f"{path}?{urlencode(query)}")

    def log_in(self, response: Any, person: Person, **changes: Any) -> Any:
        """From the redirect to the login up to the portal's address."""
        assert response.status_code == 302, response.content
        attempt_id = urlsplit(response["Location"]).path.rsplit("/", 1)[1]
        attempt = LoginAttempt.objects.get(pk=attempt_id)
        prove(attempt, person, **changes)
        finish = reverse("login:finish", args=[attempt.pk])
        finished = self.browser.get(finish)
        if finished.status_code == 200:
            # Another person's session is open in this browser: the person says yes.
            finished = self.browser.post(finish)
        return self.browser.get(finished["Location"])

    def code(self, person: Person, **changes: str | None) -> str:
        """A code for this person, by a login or by the session that is open."""
        response = self.ask(**changes)
        if "/login/" in response["Location"]:
            response = self.log_in(response, person)
        return parameters_of(response)["code"]

    def token_call(self, form: dict[str, str], **headers: str) -> Any:
        return self.call("token", form, **headers)

    def redeem(self, code: str | None, /, **changes: str | None) -> Any:
        values: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.token_call({name: value for name, value in values.items() if value is not None})

    def tokens(self, person: Person, **changes: str | None) -> dict[str, Any]:
        """A whole login: the token response."""
        verifier = None if changes.get("code_challenge", "") is None else VERIFIER
        response = self.redeem(self.code(person, **changes), code_verifier=verifier)
        assert response.status_code == 200, response.content
        answer: dict[str, Any] = response.json()
        return answer

    def refresh(self, refresh_token: str, **changes: str) -> Any:
        return self.token_call(
            {"grant_type": "refresh_token", "refresh_token": refresh_token, **changes}
        )

    def call(self, endpoint: str, form: dict[str, str], **headers: str) -> Any:
        """A POST of the portal's server, which has no cookies."""
        values: dict[str, Any] = {"HTTP_AUTHORIZATION": basic(self.client.client_id), **headers}
        return Browser().post(
            f"{PROTOCOL}/{endpoint}", urlencode(form), content_type=FORM, **values
        )

    def introspect(self, token: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.call("token/introspect", {"token": token}).json()
        return answer

    def userinfo(self, access_token: str) -> Any:
        return Browser().get(f"{PROTOCOL}/userinfo", HTTP_AUTHORIZATION=f"Bearer {access_token}")


def issuer() -> str:
    """Of the provider under test."""
    value: str = settings.HYGIE.issuer
    return value
