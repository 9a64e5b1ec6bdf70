"""Authlib's own client, over HTTP: discovery, login by the test identity, tokens, logout."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import httpx2
import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from pytest_django.live_server_helper import LiveServer

from idp.directory.models import Person
from idp.oidc.gateways.discovery import discovery
from tests.oidc.portal import LOGGED_OUT_URI, REDIRECT_URI, SECRET, Portal

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def metadata(live_server: LiveServer, settings: Any) -> Iterator[dict[str, Any]]:
    """What a portal finds out by itself."""
    settings.HYGIE = replace(settings.HYGIE, base_url=live_server.url)
    discovery.cache_clear()
    address = f"{settings.HYGIE.issuer}/.well-known/openid-configuration"
    yield httpx2.get(address).json()
    discovery.cache_clear()


def oauth_client(portal: Portal, method: str = "client_secret_basic") -> OAuth2Client:
    return OAuth2Client(
        client_id=portal.client.client_id,
        client_secret=SECRET,
        token_endpoint_auth_method=method,
        scope="openid scope_all",
        redirect_uri=REDIRECT_URI,
        code_challenge_method="S256",
    )


def log_in(browser: httpx2.Client, address: str, person: Person) -> str:
    """As a person does in a browser, by the form of the test identity; the portal's address."""
    choice = browser.get(address, follow_redirects=True)
    link = re.search(r'href="([^"]*/sandbox/identite/[^"]*)"', choice.text)
    assert link, choice.text
    form_address = choice.url.join(unescape(link.group(1)))
    page = browser.get(form_address)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.text
    answer = browser.post(
        form_address,
        data={
            "csrfmiddlewaretoken": token.group(1),
            "person": person.national_id,
            "auth_mode": "MOBILE",
        },
    )
    while not answer.headers["Location"].startswith(REDIRECT_URI):
        answer = browser.get(answer.url.join(answer.headers["Location"]))
    return str(answer.headers["Location"])


def verified(tokens: dict[str, Any], metadata: dict[str, Any], nonce: str) -> CodeIDToken:
    """OIDC Core §3.1.3.7, by joserfc and Authlib."""
    keys = KeySet.import_key_set(httpx2.get(metadata["jwks_uri"]).json())
    decoded = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": metadata["issuer"]},
            "aud": {"essential": True, "value": "portail-test"},
        },
        {"nonce": nonce, "client_id": "portail-test", "access_token": tokens["access_token"]},
    )
    claims.validate()
    return claims


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_whole_visit(
    metadata: dict[str, Any], portal: Portal, doctor: Person, method: str
) -> None:
    client, browser = oauth_client(portal, method), httpx2.Client()
    address, state = client.create_authorization_url(
        metadata["authorization_endpoint"], nonce="n", code_verifier="v" * 43
    )
    back = log_in(browser, address, doctor)
    tokens = client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier="v" * 43
    )
    claims = verified(tokens, metadata, "n")
    assert (claims["SubjectNameID"], claims["amr"]) == (doctor.national_id, ["test"])
    told = client.get(metadata["userinfo_endpoint"]).json()
    assert (told["sub"], told["authMode"]) == (claims["sub"], "MOBILE")

    fresh = client.refresh_token(metadata["token_endpoint"], refresh_token=tokens["refresh_token"])
    active = client.introspect_token(metadata["introspection_endpoint"], fresh["access_token"])
    assert active.json()["active"] is True
    # Another portal, or the same one again: no question to the person.
    silent = browser.get(address)
    assert silent.headers["Location"].startswith(f"{REDIRECT_URI}?code=")

    ended = browser.get(
        metadata["end_session_endpoint"],
        params={"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": LOGGED_OUT_URI},
    )
    assert ended.headers["Location"] == LOGGED_OUT_URI
    dead = client.introspect_token(metadata["introspection_endpoint"], fresh["access_token"])
    assert dead.json() == {"active": False}
    assert "/login/" in browser.get(address).headers["Location"]
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh_token(metadata["token_endpoint"], refresh_token=fresh["refresh_token"])


def test_a_revoked_token_is_dead(metadata: dict[str, Any], portal: Portal, doctor: Person) -> None:
    client = oauth_client(portal)
    address, state = client.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier="v" * 43
    )
    back = log_in(httpx2.Client(), address, doctor)
    tokens = client.fetch_token(
        metadata["token_endpoint"], authorization_response=back, state=state, code_verifier="v" * 43
    )
    client.revoke_token(metadata["revocation_endpoint"], tokens["refresh_token"])
    assert client.get(metadata["userinfo_endpoint"]).status_code == 401
