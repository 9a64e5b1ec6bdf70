"""The portal in front of a provider that answers rightly, until a test changes one thing."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import Cookie, TestResponse

from examples.portal.app import Settings, create_app
from tests.portal import people
from tests.portal.issuer import CLIENT_ID, CLIENT_SECRET, Issuer, serve

URL = "http://localhost:8100"
Leave = Callable[..., dict[str, str]]
ComeBack = Callable[..., TestResponse]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    issuer, server = serve(people.doctor())
    yield issuer
    server.shutdown()
    server.server_close()


@pytest.fixture
def web(issuer: Issuer) -> FlaskClient:
    settings = Settings(
        issuer=issuer.url,
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        url=URL,
        secret_key="a-long-random-text-for-the-tests",
    )
    return create_app(settings).test_client()


@pytest.fixture
def leave(web: FlaskClient, issuer: Issuer) -> Leave:
    """Presses "Se connecter"; returns the authorization request the provider would see."""

    def press(path: str = "/login") -> dict[str, str]:
        query = urlsplit(web.get(path).headers["Location"]).query
        request = {name: values[0] for name, values in parse_qs(query).items()}
        issuer.nonce, issuer.challenge = request["nonce"], request["code_challenge"]
        return request

    return press


@pytest.fixture
def come_back(web: FlaskClient, issuer: Issuer, leave: Leave) -> ComeBack:
    """Leaves and comes back with the provider's answer; None takes a parameter away."""

    def answer(**changes: str | None) -> TestResponse:
        state = leave()["state"]
        parameters = {"code": "the-code", "state": state, "iss": issuer.url, **changes}
        return web.get(
            "/callback",
            query_string={name: value for name, value in parameters.items() if value is not None},
        )

    return answer


def error_code(response: TestResponse) -> str:
    """The code that the refusal's page carries; "" when it is no refusal."""
    _, found, rest = response.text.partition('id="error" data-code="')
    return rest.split('"')[0] if found else ""


def cookie_of(web: FlaskClient) -> Cookie:
    cookie = web.get_cookie("portal_session")
    assert cookie is not None
    return cookie
