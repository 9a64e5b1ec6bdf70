"""RP-initiated logout: the OpenID Foundation's modules, each by its name.

Prefix of all but the first: `oidcc-rp-initiated-logout`.
"""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from idp.directory.models import Person
from idp.oidc.gateways import keys
from tests.oidc.portal import FORM, LOGGED_OUT_URI, PROTOCOL, Browser, Portal

pytestmark = pytest.mark.django_db
ADDRESS = f"{PROTOCOL}/logout"


@pytest.fixture
def id_token(portal: Portal, doctor: Person) -> str:
    """The person is logged in at the portal."""
    return str(portal.tokens(doctor)["id_token"])


def log_out(portal: Portal, **parameters: str) -> Any:
    return portal.browser.get(f"{ADDRESS}?{urlencode(parameters)}")


def confirm(portal: Portal) -> Any:
    """The person presses the button of the confirmation page."""
    return portal.browser.post(f"{ADDRESS}/confirm", "confirm=yes", content_type=FORM)


def silent(portal: Portal) -> dict[str, list[str]]:
    return parse_qs(urlsplit(portal.ask(prompt="none")["Location"]).query)


def assert_over(portal: Portal) -> None:
    assert silent(portal)["error"] == ["login_required"]


def assert_no_redirect(response: Any) -> None:
    assert response.status_code == 200
    assert "Location" not in response


def test_discovery_endpoint_verification() -> None:
    told = Browser().get("/auth/realms/esante-wallet/.well-known/openid-configuration").json()
    assert urlsplit(told["end_session_endpoint"]).path == ADDRESS


def test_rp_initiated_logout(portal: Portal, id_token: str) -> None:
    response = log_out(
        portal, id_token_hint=id_token, post_logout_redirect_uri=LOGGED_OUT_URI, state="s"
    )
    assert response["Location"] == f"{LOGGED_OUT_URI}?state=s"
    assert_over(portal)


def test_bad_post_logout_redirect_uri(portal: Portal, id_token: str) -> None:
    bad = "https://portail.example/logged-out-elsewhere"
    assert_no_redirect(log_out(portal, id_token_hint=id_token, post_logout_redirect_uri=bad))


def test_modified_id_token_hint(portal: Portal, id_token: str) -> None:
    _header, payload, _signature = id_token.split(".")
    modified = f"eyJhbGciOiJub25lIn0.{payload}."
    response = log_out(portal, id_token_hint=modified, post_logout_redirect_uri=LOGGED_OUT_URI)
    assert_no_redirect(response)
    assert "code" in silent(portal)


def test_no_id_token_hint(portal: Portal, id_token: str) -> None:
    response = log_out(portal, post_logout_redirect_uri=LOGGED_OUT_URI)
    assert_no_redirect(response)
    assert 'id="confirm-logout"' in response.text
    assert_no_redirect(confirm(portal))


def test_no_params(portal: Portal, id_token: str) -> None:
    assert_no_redirect(log_out(portal))
    response = confirm(portal)
    assert 'id="logged-out"' in response.text
    assert_over(portal)


def test_no_post_logout_redirect_uri(portal: Portal, id_token: str) -> None:
    response = log_out(portal, id_token_hint=id_token)
    assert_no_redirect(response)
    assert 'id="logged-out"' in response.text
    assert_over(portal)


def test_no_state(portal: Portal, id_token: str) -> None:
    response = log_out(portal, id_token_hint=id_token, post_logout_redirect_uri=LOGGED_OUT_URI)
    assert response["Location"] == LOGGED_OUT_URI
    assert_over(portal)


def test_only_state(portal: Portal, id_token: str) -> None:
    assert_no_redirect(log_out(portal, state="s"))
    assert 'id="logged-out"' in confirm(portal).text
    assert_over(portal)


def test_query_added_to_post_logout_redirect_uri(portal: Portal, id_token: str) -> None:
    added = f"{LOGGED_OUT_URI}?foo=bar"
    assert_no_redirect(log_out(portal, id_token_hint=id_token, post_logout_redirect_uri=added))


def test_bad_id_token_hint(portal: Portal, id_token: str) -> None:
    claims = keys.read(id_token, kind="ID")
    kid = keys.ring().signing["RS256"][0]
    forged = jwt.encode({"alg": "RS256", "kid": kid}, claims, RSAKey.generate_key(2048))
    response = log_out(portal, id_token_hint=forged, post_logout_redirect_uri=LOGGED_OUT_URI)
    assert_no_redirect(response)
    assert "code" in silent(portal)
