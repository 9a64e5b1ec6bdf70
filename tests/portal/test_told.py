"""The provider ends a session by itself and tells the portal, which forgets it: nobody else's."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from examples.portal import provider
from examples.portal.provider import BACKCHANNEL_LOGOUT
from tests.portal.conftest import ComeBack, error_code
from tests.portal.issuer import CLIENT_ID, SUBJECT, Issuer

SID = "0199aaaa-0000-7000-8000-000000000001"


def told(issuer: Issuer, **changes: Any) -> str:
    """A logout token that is right but for `changes`; None takes a claim away."""
    now = int(time.time())
    claims = {
        "iss": issuer.url,
        "aud": CLIENT_ID,
        "sub": SUBJECT,
        "sid": SID,
        "iat": now,
        "exp": now + 120,
        "jti": "a-jti",
        "events": {BACKCHANNEL_LOGOUT: {}},
        **changes,
    }
    return issuer.sign({name: value for name, value in claims.items() if value is not None})


def tell(web: FlaskClient, token: str) -> TestResponse:
    # As the provider does: no cookie, no origin.
    return web.application.test_client().post("/backchannel-logout", data={"logout_token": token})


@pytest.fixture
def logged_in(web: FlaskClient, come_back: ComeBack, issuer: Issuer) -> FlaskClient:
    issuer.claims = {"sid": SID}
    come_back()
    issuer.typ = "logout+jwt"
    assert 'id="greeting"' in web.get("/").text
    return web


@pytest.mark.parametrize("changes", [{}, {"sid": None}, {"sub": None}], ids=str)
def test_whose_session_has_ended_is_forgotten(
    logged_in: FlaskClient, issuer: Issuer, changes: dict[str, Any]
) -> None:
    answer = tell(logged_in, told(issuer, **changes))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert 'id="login"' in logged_in.get("/").text
    # It was sent again because the first answer was lost.
    assert tell(logged_in, told(issuer, **changes)).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [{"sid": "another"}, {"sub": "somebody-else"}, {"sid": None, "sub": "somebody-else"}],
    ids=str,
)
def test_who_is_somebody_else_stays(
    logged_in: FlaskClient, issuer: Issuer, changes: dict[str, Any]
) -> None:
    assert tell(logged_in, told(issuer, **changes)).status_code == 200
    assert 'id="greeting"' in logged_in.get("/").text


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "http://another.example"},
        {"aud": "another-portal"},
        {"exp": 1_790_000_000},
        {"exp": None},
        {"iat": None},
        {"jti": None},
        {"events": None},
        {"events": {}},
        {"events": [BACKCHANNEL_LOGOUT]},
        {"events": {BACKCHANNEL_LOGOUT: True}},
        {"nonce": "as in an id_token"},
        {"sid": None, "sub": None},
        {"sid": 1},
        {"sid": {"a": 1}},
        {"sub": 1},
    ],
    ids=str,
)
def test_a_token_that_is_not_right_ends_nothing(
    logged_in: FlaskClient, issuer: Issuer, changes: dict[str, Any]
) -> None:
    answer = tell(logged_in, told(issuer, **changes))
    assert (answer.status_code, error_code(answer)) == (400, "logout_token_invalid")
    assert 'id="greeting"' in logged_in.get("/").text


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_token_that_anybody_could_have_made_ends_nothing(
    logged_in: FlaskClient, issuer: Issuer, algorithm: str
) -> None:
    issuer.algorithm = algorithm
    assert error_code(tell(logged_in, told(issuer))) == "logout_token_invalid"
    assert 'id="greeting"' in logged_in.get("/").text


def test_the_header_may_say_jwt_and_nothing_else(logged_in: FlaskClient, issuer: Issuer) -> None:
    issuer.typ = "at+jwt"
    assert error_code(tell(logged_in, told(issuer))) == "logout_token_invalid"
    assert 'id="greeting"' in logged_in.get("/").text
    issuer.typ = "JWT"
    assert tell(logged_in, told(issuer)).status_code == 200
    assert 'id="login"' in logged_in.get("/").text


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_what_is_no_token_ends_nothing(logged_in: FlaskClient, token: str) -> None:
    assert error_code(tell(logged_in, token)) == "logout_token_invalid"
    assert 'id="greeting"' in logged_in.get("/").text


def test_an_id_token_ends_nothing(logged_in: FlaskClient, issuer: Issuer) -> None:
    _, answer = issuer.answer_token({"grant_type": "refresh_token"})
    assert error_code(tell(logged_in, answer["id_token"])) == "logout_token_invalid"
    assert 'id="greeting"' in logged_in.get("/").text


def test_unknown_keys_are_asked_for_once_in_a_while(
    logged_in: FlaskClient, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        return [path for path, *_ in issuer.requests].count("certs")

    before = asked()
    issuer.rotate()
    for _ in range(3):
        # Sent again by the provider; nobody else can have it ask.
        assert tell(logged_in, told(issuer)).status_code == 502
    assert asked() == before
    monkeypatch.setattr(provider, "KEYS_PAUSE", 0)
    assert tell(logged_in, told(issuer)).status_code == 200
    assert asked() == before + 1
    assert 'id="login"' in logged_in.get("/").text


def test_a_provider_that_gives_no_keys_tells_it_again_later(
    web: FlaskClient, issuer: Issuer
) -> None:
    issuer.discovery = {"jwks_uri": "http://127.0.0.1:1/certs"}
    # Not a 4xx, which is final.
    assert tell(web, told(issuer)).status_code == 502
