"""Staying logged in, renewing, logging out; and what every page owes."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from flask.testing import FlaskClient

from examples.portal import visitors
from examples.portal.app import Settings, create_app
from tests.portal.conftest import URL, ComeBack, Leave, error_code
from tests.portal.issuer import Issuer, serve


def test_a_refresh_renews_the_tokens_and_keeps_the_person(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer
) -> None:
    come_back()
    issuer.tokens = {"refresh_token": "refresh-2"}
    assert web.post("/refresh").status_code == 303
    page = web.get("/").text
    assert "Les jetons ont été renouvelés." in page
    assert "refresh-2" in page
    assert "Les jetons ont été renouvelés." not in web.get("/").text


def test_a_refresh_without_a_new_id_token_keeps_the_first(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer
) -> None:
    come_back()
    issuer.tokens = {"id_token": None}
    assert web.post("/refresh").status_code == 303
    assert 'id="token-id_token"' in web.get("/").text


@pytest.mark.parametrize(
    "claims", [{"sub": "somebody-else"}, {"nonce": "another"}, {"aud": "another-portal"}], ids=str
)
def test_a_refresh_that_speaks_of_something_else_ends_the_session(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer, claims: dict[str, Any]
) -> None:
    come_back()
    issuer.claims = claims
    assert error_code(web.post("/refresh")) == "id_token_invalid"
    assert 'id="login"' in web.get("/").text


def test_a_refused_refresh_ends_the_session(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer
) -> None:
    come_back()
    issuer.token_error = (400, {"error": "invalid_grant"})
    response = web.post("/refresh")
    assert error_code(response) == "invalid_grant"
    assert "Votre session est terminée" in response.text
    assert 'id="login"' in web.get("/").text


def test_a_provider_that_does_not_answer_a_refresh_keeps_the_session(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer
) -> None:
    come_back()
    issuer.token_error = (503, {})
    assert error_code(web.post("/refresh")) == "provider_unreachable"
    assert 'id="greeting"' in web.get("/").text


def test_a_refresh_without_a_refresh_token_ends_the_session(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer
) -> None:
    issuer.tokens = {"refresh_token": None}
    come_back()
    assert 'id="refresh"' not in web.get("/").text
    assert error_code(web.post("/refresh")) == "invalid_grant"


def test_logging_out_forgets_the_person_then_asks_the_provider(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer
) -> None:
    come_back()
    location = web.post("/logout").headers["Location"]
    assert location.startswith(f"{issuer.url}/protocol/openid-connect/logout?")
    request = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert request["post_logout_redirect_uri"] == f"{URL}/logged-out"
    assert request["id_token_hint"].count(".") == 2
    assert 'id="greeting"' not in web.get("/").text
    assert error_code(web.get("/logged-out?state=another")) == "state_mismatch"
    page = web.get(f"/logged-out?state={request['state']}").text
    assert 'id="logged-out"' in page
    assert error_code(web.get(f"/logged-out?state={request['state']}")) == "state_mismatch"


@pytest.mark.parametrize("query", ["", "?state=another", "?state=%C3%A9"])
def test_a_return_from_a_logout_that_was_not_asked_for_is_refused(
    web: FlaskClient, come_back: ComeBack, query: str
) -> None:
    come_back()
    assert error_code(web.get(f"/logged-out{query}")) == "state_mismatch"
    assert 'id="greeting"' in web.get("/").text


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_a_form_of_another_site_is_refused(
    web: FlaskClient, come_back: ComeBack, path: str
) -> None:
    come_back()
    response = web.post(path, headers={"Origin": "https://evil.example"})
    assert (response.status_code, error_code(response)) == (403, "form_refused")
    assert 'id="greeting"' in web.get("/").text
    assert web.post(path, headers={"Origin": URL}).status_code == 303


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_nobody_logged_in_is_sent_home(web: FlaskClient, path: str) -> None:
    response = web.post(path)
    assert (response.status_code, response.headers["Location"]) == (303, "/")


def test_a_session_ends_after_its_time(
    web: FlaskClient, come_back: ComeBack, monkeypatch: pytest.MonkeyPatch
) -> None:
    come_back()
    monkeypatch.setattr(visitors, "LIFETIME", timedelta(seconds=-1))
    assert 'id="login"' in web.get("/").text


def test_the_number_of_visitors_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visitors, "MAXIMUM", 2)
    table = visitors.Visitors()
    first, second, third = table.add(), table.add(), table.add()
    assert table.find(first.key) is None
    assert table.find(second.key) is second
    assert table.find(third.key) is third


def test_the_logins_pending_in_one_browser_are_bounded(
    web: FlaskClient, leave: Leave, issuer: Issuer
) -> None:
    oldest = leave()["state"]
    for _ in range(visitors.PENDING_MAXIMUM):
        leave()
    query = {"code": "the-code", "state": oldest, "iss": issuer.url}
    assert error_code(web.get("/callback", query_string=query)) == "state_mismatch"


def test_a_provider_that_is_away_is_a_page() -> None:
    issuer, server = serve({})
    server.shutdown()
    server.server_close()
    settings = Settings(
        issuer=issuer.url, client_id="c", client_secret="s", url=URL, secret_key="k"
    )
    response = create_app(settings).test_client().get("/login")
    assert (response.status_code, error_code(response)) == (502, "provider_unreachable")


def test_every_page_forbids_scripts_frames_and_caches(web: FlaskClient, issuer: Issuer) -> None:
    response = web.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_an_unknown_page_is_a_page_and_health_is_ok(web: FlaskClient) -> None:
    assert error_code(web.get("/nothing")) == "not_found"
    assert web.get("/health").text == "ok"


def test_settings_that_are_missing_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "URL", "SECRET_KEY"):
        monkeypatch.delenv(f"PORTAL_{name}", raising=False)
    monkeypatch.setenv("PORTAL_URL", "http://localhost:8100/")
    with pytest.raises(SystemExit, match="PORTAL_ISSUER, PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET"):
        Settings.from_environment()
    for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "SECRET_KEY"):
        monkeypatch.setenv(f"PORTAL_{name}", "x")
    assert Settings.from_environment().url == URL


def test_the_discovery_address_can_be_pro_sante_connect_s_own(issuer: Issuer) -> None:
    address = f"{issuer.url}/.well-known/wallet-openid-configuration"
    assert httpx2.get(address).json()["issuer"] == issuer.url
    settings = Settings(
        issuer=issuer.url,
        client_id="c",
        client_secret="s",
        url=URL,
        secret_key="k",
        discovery_url=address,
    )
    create_app(settings).test_client().get("/login")
    assert [path for path, _, _ in issuer.requests][-1] == "wallet-openid-configuration"
