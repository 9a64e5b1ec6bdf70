"""npm's openid-client 6, unchanged, run by Node: every check it makes of a provider is on."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import Page

from tests.journeys.demo import Demo
from tests.journeys.foreign.desk import DOCTOR, Landing, log_in_as_test
from tests.journeys.foreign.node_portal import NodePortal
from tests.journeys.registration import add_client, issuer_of

pytestmark = [pytest.mark.journey, pytest.mark.node]
CIBA_GRANT = "urn:openid:params:grant-type:ciba"
Register = Callable[..., dict[str, Any]]


@pytest.fixture
def register(demo: Demo, portal: NodePortal, landing: Landing) -> Register:
    """Registers the portal with these options, and has it discover the provider."""

    def with_options(*options: str, **proof: Any) -> dict[str, Any]:
        client = add_client(
            demo, "Portail Node",
            "--redirect-uri", landing.callback,
            "--post-logout-redirect-uri", landing.logged_out,
            *options,
        )  # fmt: skip
        return portal.do(
            "discover",
            issuer=issuer_of(demo),
            client_id=client["client_id"],
            secret=client.get("client_secret"),
            redirect_uri=landing.callback,
            logged_out_uri=landing.logged_out,
            **proof,
        )

    return with_options


def test_login_userinfo_refresh_introspection_and_logout(
    desk: Page, portal: NodePortal, landing: Landing, register: Register
) -> None:
    register()
    url = portal.do("authorize", parameters={"acr_values": "eidas1"})["url"]
    tokens = portal.do("callback", url=landing.arrival(desk, url, log_in_as_test))
    assert tokens["claims"]["acr"] == "eidas1"
    assert portal.do("userinfo")["SubjectNameID"] == DOCTOR
    assert portal.do("introspect")["active"] is True
    turned = portal.do("refresh")
    assert turned["refresh_token"] != tokens["refresh_token"]
    assert portal.do("userinfo")["SubjectNameID"] == DOCTOR
    leaving = portal.do("logout")
    back = landing.arrival(desk, leaving["url"])
    assert back == f"{landing.logged_out}?state={leaving['state']}"
    assert portal.do("introspect")["active"] is False
    assert portal.attempt("refresh")["error"] == "invalid_grant"


def test_pushed_request_private_key_and_dpop(
    desk: Page, portal: NodePortal, landing: Landing, register: Register, tmp_path: Path
) -> None:
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256", "kid": "portal-key"})
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    register("--profile", "fapi2", "--jwks", str(jwks), jwk=key.as_dict(private=True), dpop=True)
    url = portal.do("authorize", pushed=True)["url"]
    assert "request_uri=urn" in url
    assert "scope" not in url
    tokens = portal.do("callback", url=landing.arrival(desk, url, log_in_as_test))
    assert tokens["token_type"] == "dpop"
    assert portal.do("userinfo")["SubjectNameID"] == DOCTOR
    assert portal.do("refresh")["token_type"] == "dpop"
    assert portal.do("userinfo")["SubjectNameID"] == DOCTOR


def test_a_refusal_comes_back_as_an_error_it_understands(
    desk: Page, portal: NodePortal, landing: Landing, register: Register
) -> None:
    register()
    url = portal.do("authorize")["url"]
    answer = landing.arrival(desk, url, lambda page: page.click("#cancel"))
    assert portal.attempt("callback", url=answer)["error"] == "access_denied"


def test_what_it_revokes_is_over(
    desk: Page, portal: NodePortal, landing: Landing, register: Register
) -> None:
    register()
    url = portal.do("authorize")["url"]
    portal.do("callback", url=landing.arrival(desk, url, log_in_as_test))
    portal.do("revoke")
    assert portal.do("introspect")["active"] is False


def ask_without_browser(portal: NodePortal, demo: Demo, register: Register, verb: str) -> None:
    """A CIBA request, answered in the phone's place."""
    register("--grant", CIBA_GRANT, "--grant", "refresh_token")
    asked = portal.do("ciba", parameters={"login_hint": DOCTOR, "binding_message": "42"})
    assert asked["expires_in"] == 120
    address = f"{demo.base_url}/sandbox/ciba/{asked['auth_req_id']}/{verb}"
    httpx2.post(address).raise_for_status()


def test_ciba_poll(demo: Demo, portal: NodePortal, register: Register) -> None:
    ask_without_browser(portal, demo, register, "approve")
    tokens = portal.do("poll")
    assert tokens["claims"]["SubjectNameID"] == DOCTOR
    assert portal.do("userinfo")["authMode"] == "MOBILE"
    assert portal.do("refresh")["refresh_token"] != tokens["refresh_token"]


def test_ciba_refused_on_the_phone(demo: Demo, portal: NodePortal, register: Register) -> None:
    ask_without_browser(portal, demo, register, "deny")
    assert portal.attempt("poll")["error"] == "access_denied"
