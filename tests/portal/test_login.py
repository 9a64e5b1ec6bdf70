"""A login that ends well, and every way in which the portal refuses one."""

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient

from examples.portal.provider import LoginError, Provider
from tests.portal.conftest import URL, ComeBack, Leave, cookie_of, error_code
from tests.portal.issuer import CLIENT_ID, CLIENT_SECRET, Issuer


def test_the_request_asks_with_pkce_state_and_nonce(leave: Leave, issuer: Issuer) -> None:
    request = leave()
    assert request["response_type"] == "code"
    assert request["client_id"] == CLIENT_ID
    assert request["redirect_uri"] == f"{URL}/callback"
    assert request["scope"] == "openid scope_all"
    assert request["acr_values"] == "eidas1"
    assert request["code_challenge_method"] == "S256"
    assert len(request["code_challenge"]) == 43
    assert len(request["state"]) >= 43
    assert len(request["nonce"]) >= 43


def test_two_logins_share_no_secret(leave: Leave) -> None:
    first, second = leave(), leave()
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


def test_only_known_prompts_are_passed_on(leave: Leave) -> None:
    assert leave("/login?prompt=login")["prompt"] == "login"
    assert "prompt" not in leave("/login?prompt=create")


def test_a_verified_login_greets_by_name_profession_and_practice(
    web: FlaskClient, come_back: ComeBack
) -> None:
    response = come_back()
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    page = web.get("/").text
    assert 'id="greeting"' in page
    assert "Bonjour Dr Camille Lefèvre" in page
    assert "médecin généraliste, Cabinet du Dr Lefèvre" in page
    assert "Maison de santé des Brotteaux" in page
    assert "carte CPS" in page
    assert "<dd>eidas2</dd>" in page
    assert 'id="tokens"' in page
    assert 'id="logout"' in page


def test_the_client_proves_itself_by_basic_authentication(
    come_back: ComeBack, issuer: Issuer
) -> None:
    come_back()
    (sent,) = [authorization for path, _, authorization in issuer.requests if path == "token"]
    assert base64.b64decode(sent.removeprefix("Basic ")).decode() == f"{CLIENT_ID}:{CLIENT_SECRET}"


def test_the_cookie_holds_no_token_and_changes_at_login(
    web: FlaskClient, come_back: ComeBack, leave: Leave
) -> None:
    leave()
    before = cookie_of(web).value
    come_back()
    cookie = cookie_of(web)
    assert cookie.value != before
    assert len(cookie.value) < 200
    assert cookie.http_only
    assert cookie.same_site == "Lax"


def test_the_key_from_before_the_login_opens_nothing(
    web: FlaskClient, come_back: ComeBack, leave: Leave
) -> None:
    leave()
    planted = cookie_of(web).value
    come_back()
    web.set_cookie("portal_session", planted)
    assert 'id="login"' in web.get("/").text


def test_a_second_login_closes_the_first(web: FlaskClient, come_back: ComeBack) -> None:
    come_back()
    first = cookie_of(web).value
    come_back()
    assert 'id="greeting"' in web.get("/").text
    web.set_cookie("portal_session", first)
    assert 'id="login"' in web.get("/").text


def test_a_new_key_of_the_provider_is_fetched_once(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer
) -> None:
    come_back()
    issuer.rotate()
    assert error_code(come_back()) == ""
    assert [path for path, _, _ in issuer.requests].count("certs") == 2


def test_two_tabs_may_log_in_at_the_same_time(
    web: FlaskClient, leave: Leave, issuer: Issuer
) -> None:
    first = leave()
    kept = issuer.nonce, issuer.challenge
    leave()
    issuer.nonce, issuer.challenge = kept
    query = {"code": "the-code", "state": first["state"], "iss": issuer.url}
    assert web.get("/callback", query_string=query).status_code == 302


@pytest.mark.parametrize("changes", [{"state": "another"}, {"state": None}, {"state": "é"}])
def test_an_answer_with_another_state_is_refused(
    come_back: ComeBack, changes: dict[str, str | None]
) -> None:
    assert error_code(come_back(**changes)) == "state_mismatch"


def test_an_answer_in_another_browser_is_refused(
    web: FlaskClient, leave: Leave, issuer: Issuer
) -> None:
    state = leave()["state"]
    stranger = web.application.test_client()
    query = {"code": "the-code", "state": state, "iss": issuer.url}
    assert error_code(stranger.get("/callback", query_string=query)) == "state_mismatch"


def test_an_answer_played_again_is_refused(web: FlaskClient, leave: Leave, issuer: Issuer) -> None:
    query = {"code": "the-code", "state": leave()["state"], "iss": issuer.url}
    assert web.get("/callback", query_string=query).status_code == 302
    assert error_code(web.get("/callback", query_string=query)) == "state_mismatch"
    assert [path for path, _, _ in issuer.requests].count("token") == 1


def test_an_answer_that_was_refused_cannot_be_completed(
    web: FlaskClient, leave: Leave, issuer: Issuer
) -> None:
    query = {"error": "access_denied", "state": leave()["state"], "iss": issuer.url}
    assert error_code(web.get("/callback", query_string=query)) == "access_denied"
    query = {"code": "the-code", "state": query["state"], "iss": issuer.url}
    assert error_code(web.get("/callback", query_string=query)) == "state_mismatch"


def test_the_provider_module_compares_the_state_by_itself(issuer: Issuer) -> None:
    provider = Provider(issuer=issuer.url, client_id=CLIENT_ID, client_secret=CLIENT_SECRET)
    _, pending = provider.begin_login(redirect_uri=f"{URL}/callback")
    answer = {"code": "the-code", "state": "another", "iss": issuer.url}
    with pytest.raises(LoginError, match="state_mismatch"):
        provider.finish_login(pending=pending, answer=answer)


@pytest.mark.parametrize("iss", ["https://other.example", None])
def test_an_answer_of_another_issuer_is_refused_unread(
    come_back: ComeBack, issuer: Issuer, iss: str | None
) -> None:
    assert error_code(come_back(iss=iss, error="access_denied")) == "issuer_mismatch"
    assert "token" not in [path for path, _, _ in issuer.requests]


def test_a_missing_iss_is_accepted_of_a_provider_that_does_not_announce_it(
    come_back: ComeBack, issuer: Issuer
) -> None:
    issuer.discovery = {"authorization_response_iss_parameter_supported": False}
    assert come_back(iss=None).status_code == 302


def test_an_answer_without_code_is_refused(come_back: ComeBack) -> None:
    assert error_code(come_back(code=None)) == "code_missing"


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("access_denied", 403, "Vous avez annulé la connexion"),
        ("login_required", 400, "Aucune session n’est ouverte"),
        ("unmet_authentication_requirements", 400, "ne suffit pas ici"),
        ("temporarily_unavailable", 503, "momentanément indisponible"),
        ("invented_error", 400, "La connexion n’a pas abouti"),
    ],
)
def test_the_provider_s_refusal_has_its_own_page(
    web: FlaskClient, come_back: ComeBack, code: str, status: int, words: str
) -> None:
    response = come_back(code=None, error=code, error_description="<b>why</b>")
    assert (response.status_code, error_code(response)) == (status, code)
    assert words in response.text
    assert "<b>" not in response.text
    assert 'id="login"' in web.get("/").text


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://other.example"},
        {"aud": "another-portal"},
        {"aud": "another-portal", "azp": CLIENT_ID},
        {"azp": "another-portal"},
        {"aud": [CLIENT_ID, "another-portal"], "azp": None},
        {"aud": None},
        {"sub": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"iat": 9999999999},
        {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=str,
)
def test_an_id_token_with_a_wrong_claim_is_refused(
    web: FlaskClient, come_back: ComeBack, issuer: Issuer, claims: dict[str, Any]
) -> None:
    issuer.claims = claims
    assert error_code(come_back()) == "id_token_invalid"
    assert 'id="login"' in web.get("/").text


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_an_id_token_of_a_weak_algorithm_is_refused(
    come_back: ComeBack, issuer: Issuer, algorithm: str
) -> None:
    issuer.algorithm = algorithm
    assert error_code(come_back()) == "id_token_invalid"


def test_an_id_token_signed_by_an_unpublished_key_is_refused(
    come_back: ComeBack, issuer: Issuer
) -> None:
    published = issuer.published
    issuer.rotate()
    issuer.published = [{**published[0], "kid": "k2"}]
    assert error_code(come_back()) == "id_token_invalid"


@pytest.mark.parametrize("id_token", [None, "", "not-a-token", 12])
def test_a_token_answer_without_an_id_token_is_refused(
    come_back: ComeBack, issuer: Issuer, id_token: object
) -> None:
    issuer.tokens = {"id_token": id_token}
    assert error_code(come_back()) == "id_token_invalid"


def test_a_userinfo_of_another_subject_is_refused(come_back: ComeBack, issuer: Issuer) -> None:
    issuer.userinfo = {**issuer.userinfo, "sub": "somebody-else"}
    assert error_code(come_back()) == "userinfo_invalid"


@pytest.mark.parametrize(
    ("status", "code", "shown"),
    [(400, "invalid_grant", 400), (401, "invalid_client", 502)],
)
def test_a_refused_code_exchange_is_a_page(
    come_back: ComeBack, issuer: Issuer, status: int, code: str, shown: int
) -> None:
    issuer.token_error = (status, {"error": code})
    response = come_back()
    assert (response.status_code, error_code(response)) == (shown, code)


def test_a_discovery_that_names_another_issuer_is_refused(web: FlaskClient, issuer: Issuer) -> None:
    issuer.discovery = {"issuer": "https://other.example"}
    assert error_code(web.get("/login")) == "issuer_mismatch"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
def test_a_discovery_without_an_endpoint_is_a_page(
    come_back: ComeBack, web: FlaskClient, issuer: Issuer, name: str
) -> None:
    issuer.discovery = {name: None}
    response = web.get("/login") if name.startswith("auth") else come_back()
    assert (response.status_code, error_code(response)) == (502, "provider_unreachable")


def test_a_provider_that_fails_is_a_page(come_back: ComeBack, issuer: Issuer) -> None:
    issuer.token_error = (500, {})
    response = come_back()
    assert (response.status_code, error_code(response)) == (502, "provider_unreachable")
