"""Staying logged in, renewing, logging out; and what every page owes."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from examples.portal import visitors
from examples.portal.app import Settings, create_app
from tests.portal.conftest import URL, error_code
from tests.portal.issuer import serve


def test_a_refresh_renews_the_tokens_and_keeps_the_person(browser, come_back, issuer):
    come_back()
    issuer.tokens = {"refresh_token": "refresh-2"}
    assert browser.post("/refresh").status_code == 303
    page = browser.get("/").text
    assert "Les jetons ont été renouvelés." in page
    assert "refresh-2" in page
    assert "Les jetons ont été renouvelés." not in browser.get("/").text


def test_a_refresh_without_a_new_id_token_keeps_the_first(browser, come_back, issuer):
    come_back()
    issuer.tokens = {"id_token": None}
    assert browser.post("/refresh").status_code == 303
    assert 'id="token-id_token"' in browser.get("/").text


@pytest.mark.parametrize(
    "claims", [{"sub": "somebody-else"}, {"nonce": "another"}, {"aud": "another-portal"}], ids=str
)
def test_a_refresh_that_speaks_of_something_else_ends_the_session(
    browser, come_back, issuer, claims
):
    come_back()
    issuer.claims = claims
    assert error_code(browser.post("/refresh")) == "id_token_invalid"
    assert 'id="login"' in browser.get("/").text


def test_a_refused_refresh_ends_the_session(browser, come_back, issuer):
    come_back()
    issuer.token_error = (400, {"error": "invalid_grant"})
    response = browser.post("/refresh")
    assert error_code(response) == "invalid_grant"
    assert "Votre session est terminée" in response.text
    assert 'id="login"' in browser.get("/").text


def test_a_provider_that_does_not_answer_a_refresh_keeps_the_session(browser, come_back, issuer):
    come_back()
    issuer.token_error = (503, {})
    assert error_code(browser.post("/refresh")) == "provider_unreachable"
    assert 'id="greeting"' in browser.get("/").text


def test_a_refresh_without_a_refresh_token_ends_the_session(browser, come_back, issuer):
    issuer.tokens = {"refresh_token": None}
    come_back()
    assert 'id="refresh"' not in browser.get("/").text
    assert error_code(browser.post("/refresh")) == "invalid_grant"


def test_logging_out_forgets_the_person_then_asks_the_provider(browser, come_back, issuer):
    come_back()
    location = browser.post("/logout").headers["Location"]
    assert location.startswith(f"{issuer.url}/protocol/openid-connect/logout?")
    request = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    assert request["post_logout_redirect_uri"] == f"{URL}/logged-out"
    assert request["id_token_hint"].count(".") == 2
    assert 'id="greeting"' not in browser.get("/").text
    page = browser.get(f"/logged-out?state={request['state']}").text
    assert 'id="logged-out"' in page
    assert error_code(browser.get(f"/logged-out?state={request['state']}")) == "state_mismatch"


@pytest.mark.parametrize("query", ["", "?state=another", "?state=%C3%A9"])
def test_a_return_from_a_logout_that_was_not_asked_for_is_refused(browser, come_back, query):
    come_back()
    assert error_code(browser.get(f"/logged-out{query}")) == "state_mismatch"
    assert 'id="greeting"' in browser.get("/").text


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_a_form_of_another_site_is_refused(browser, come_back, path):
    come_back()
    response = browser.post(path, headers={"Origin": "https://evil.example"})
    assert (response.status_code, error_code(response)) == (403, "form_refused")
    assert 'id="greeting"' in browser.get("/").text
    assert browser.post(path, headers={"Origin": URL}).status_code == 303


@pytest.mark.parametrize("path", ["/logout", "/refresh"])
def test_nobody_logged_in_is_sent_home(browser, path):
    response = browser.post(path)
    assert (response.status_code, response.headers["Location"]) == (303, "/")


def test_a_session_ends_after_its_time(browser, come_back, monkeypatch):
    come_back()
    monkeypatch.setattr(visitors, "LIFETIME", visitors.timedelta(seconds=-1))
    assert 'id="login"' in browser.get("/").text


def test_the_number_of_visitors_is_bounded(monkeypatch):
    monkeypatch.setattr(visitors, "MAXIMUM", 2)
    table = visitors.Visitors()
    first, second, third = table.add(), table.add(), table.add()
    assert table.find(first.key) is None
    assert table.find(second.key) is second
    assert table.find(third.key) is third


def test_the_logins_pending_in_one_browser_are_bounded(browser, leave, issuer):
    oldest = leave()["state"]
    for _ in range(visitors.PENDING_MAXIMUM):
        leave()
    query = {"code": "the-code", "state": oldest, "iss": issuer.url}
    assert error_code(browser.get("/callback", query_string=query)) == "state_mismatch"


def test_a_provider_that_is_away_is_a_page():
    issuer, server = serve({})
    server.shutdown()
    server.server_close()
    settings = Settings(
        issuer=issuer.url, client_id="c", client_secret="s", url=URL, secret_key="k"
    )
    response = create_app(settings).test_client().get("/login")
    assert (response.status_code, error_code(response)) == (502, "provider_unreachable")


def test_every_page_forbids_scripts_frames_and_caches(browser, issuer):
    response = browser.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "<script" not in response.text
    assert response.headers["Cache-Control"] == "no-store"


def test_an_unknown_page_is_a_page_and_health_is_ok(browser):
    assert error_code(browser.get("/nothing")) == "not_found"
    assert browser.get("/health").text == "ok"


def test_settings_that_are_missing_are_all_named(monkeypatch):
    for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "URL", "SECRET_KEY"):
        monkeypatch.delenv(f"PORTAL_{name}", raising=False)
    monkeypatch.setenv("PORTAL_URL", "http://localhost:8100/")
    with pytest.raises(SystemExit, match="PORTAL_ISSUER, PORTAL_CLIENT_ID, PORTAL_CLIENT_SECRET"):
        Settings.from_environment()
    for name in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "SECRET_KEY"):
        monkeypatch.setenv(f"PORTAL_{name}", "x")
    assert Settings.from_environment().url == URL


def test_the_discovery_address_can_be_pro_sante_connect_s_own(issuer):
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
