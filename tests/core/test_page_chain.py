"""What machines call is kept away from the middleware of pages; pages keep all of it."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.test import AsyncClient, Client
from django.urls import reverse

from idp.core.page_chain import PageChain
from idp.oidc.flows import token_endpoint
from idp.oidc.urls import is_back_channel
from mobileapi.urls import is_api
from mobileapi.views.devices import Nonce

PAGE_HEADERS = (
    "Set-Cookie",
    "Vary",
    "Content-Language",
    "Content-Security-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
)
BACK_CHANNEL = ["token", "introspect", "revoke", "userinfo", "certs", "discovery"]
COOKIES = {"hygie_session": "a" * 32, "hygie_csrf": "b" * 32, "django_language": "en"}

pytestmark = pytest.mark.django_db


def browser() -> Client:
    client = Client(enforce_csrf_checks=True)
    client.cookies.load(COOKIES)
    return client


@pytest.mark.parametrize("name", BACK_CHANNEL)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS"])
def test_a_back_channel_answer_has_no_header_of_pages(name: str, method: str) -> None:
    response = browser().generic(method, reverse(f"oidc:{name}"))
    assert [header for header in PAGE_HEADERS if header in response] == []
    assert not response.cookies
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["token", "introspect", "revoke", "userinfo"])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_no_cache_keeps_what_a_back_channel_endpoint_says(name: str, method: str) -> None:
    response = browser().generic(method, reverse(f"oidc:{name}"))
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", ["/aide", "/auth", "/nowhere"])
def test_a_page_has_the_security_headers_of_pages(path: str) -> None:
    response = Client().get(path)
    assert "frame-ancestors 'none'" in response["Content-Security-Policy"]
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", ["/api/v1/requests", "/api/v1/nonce", "/api/nowhere"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_phones_api_reads_and_sets_no_cookie(path: str, method: str) -> None:
    response = browser().generic(method, path)
    assert response.status_code in {200, 401, 404, 405}
    assert "Cookie" not in response.get("Vary", "")
    assert not response.cookies
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(("language", "word"), [("fr", "adresse"), ("en", "address")])
def test_the_phones_api_speaks_the_persons_language(language: str, word: str) -> None:
    headers = {"accept-language": language}
    response = Client().get("/api/v1/journal/none", headers=headers)
    assert response["Content-Language"] == language
    assert response.status_code == 401


def test_the_phones_api_answers_to_our_own_name_only() -> None:
    assert Client(headers={"host": "evil.test"}).get("/api/v1/requests").status_code == 400


@pytest.mark.parametrize("path", ["/ecps/", "/apiary", "/x/api/v1/requests", "api/v1/requests"])
def test_pages_are_never_taken_for_the_api(path: str) -> None:
    assert not is_api(path)


def test_an_unforeseen_failure_of_the_phones_api_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Nonce, "post", fail)
    response = Client(raise_request_exception=False).post("/api/v1/nonce")
    assert (response.status_code, response.json()) == (500, {"error": "server_error"})


def test_a_form_from_elsewhere_is_still_refused() -> None:
    assert browser().post(reverse("set_language")).status_code == 403
    assert browser().post(reverse("oidc:logout_confirm")).status_code == 403


def test_the_error_page_still_answers_a_refusal() -> None:
    response = Client().get("/auth", {"client_id": "nobody"})
    assert response.status_code == 400
    assert b"<html" in response.content


@pytest.mark.parametrize(
    "path",
    [
        "/auth/realms/esante-wallet/protocol/openid-connect/token",
        "//auth/realms/esante-wallet//protocol/openid-connect//userinfo",
        "/auth/realms/esante-wallet/.well-known/wallet-openid-configuration",
    ],
)
def test_every_spelling_of_a_back_channel_address_is_one(path: str) -> None:
    assert is_back_channel(path)


@pytest.mark.parametrize(
    "path",
    [
        "/auth",
        "/auth/realms/esante-wallet/protocol/openid-connect/auth",
        "/auth/realms/esante-wallet/protocol/openid-connect/logout",
        "/auth/realms/esante-wallet/protocol/openid-connect/logout/confirm",
        "/auth/realms/esante-wallet/protocol/openid-connect/token/",
        "/admin/auth/realms/esante-wallet/protocol/openid-connect/token",
        "/auth/realms/esante-wallet/protocol/openid-connect/token/introspect/x",
        "auth/realms/esante-wallet/protocol/openid-connect/token",
        "",
    ],
)
def test_pages_are_never_taken_for_the_back_channel(path: str) -> None:
    assert not is_back_channel(path)


def test_only_the_chain_stands_around_the_application() -> None:
    chain = f"{PageChain.__module__}.{PageChain.__name__}"
    assert ["idp.core.serving.Serving", chain] == settings.MIDDLEWARE
    # The admin needs these three; its own checks are told to look no further.
    for needed in ("sessions", "auth", "messages"):
        assert any(f"contrib.{needed}." in path for path in settings.PAGE_MIDDLEWARE)


def test_an_unforeseen_failure_of_the_back_channel_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(token_endpoint, "answer_token", fail)
    client = Client(raise_request_exception=False)
    form = "application/x-www-form-urlencoded"
    response = client.post(reverse("oidc:token"), "a=b", content_type=form)
    assert (response.status_code, response.json()) == (500, {"error": "server_error"})
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", ["/nowhere", f"/login/{UUID(int=0)}", "/auth"])
def test_no_cache_keeps_an_error_page(path: str) -> None:
    response = Client().get(path)
    assert response.status_code >= 400
    assert response["Cache-Control"] == "no-store"


def test_the_chain_serves_asynchronously_too() -> None:
    """The demo and the live process run it under ASGI."""

    async def answers() -> tuple[Any, Any, Any]:
        client = AsyncClient(enforce_csrf_checks=True)
        return (
            await client.get(reverse("oidc:token")),
            await client.get("/aide"),
            await client.post(reverse("set_language")),
        )

    token, page, form = asyncio.run(answers())
    assert (token.status_code, page.status_code, form.status_code) == (405, 200, 403)
    assert "Content-Security-Policy" not in token
    assert token["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" in page
