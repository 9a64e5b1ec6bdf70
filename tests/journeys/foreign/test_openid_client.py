"""npm's openid-client 6, unchanged, run by Node: every check it makes of a provider is on."""

from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page

from tests.journeys.demo import Demo
from tests.journeys.foreign.conftest import CALLBACK, LOGGED_OUT, add_client, issuer_of
from tests.journeys.foreign.desk import DOCTOR, arrival_at, log_in_as_test
from tests.journeys.foreign.node_portal import NodePortal

pytestmark = [pytest.mark.journey, pytest.mark.node]
CIBA_GRANT = "urn:openid:params:grant-type:ciba"


def discover(portal: NodePortal, demo: Demo, *options: str) -> dict[str, Any]:
    client = add_client(
        demo, "Portail Node",
        "--redirect-uri", CALLBACK,
        "--post-logout-redirect-uri", LOGGED_OUT,
        *options,
    )  # fmt: skip
    return portal.do(
        "discover",
        issuer=issuer_of(demo),
        client_id=client["client_id"],
        secret=client["client_secret"],
        redirect_uri=CALLBACK,
        logged_out_uri=LOGGED_OUT,
    )


def test_login_userinfo_refresh_introspection_and_logout(
    demo: Demo, desk: Page, portal: NodePortal
) -> None:
    discover(portal, demo)
    url = portal.do("authorize", parameters={"acr_values": "eidas1"})["url"]
    answer = arrival_at(desk, CALLBACK, from_url=url, act=log_in_as_test)
    tokens = portal.do("callback", url=answer)
    assert tokens["claims"]["acr"] == "eidas1"
    assert portal.do("userinfo")["SubjectNameID"] == DOCTOR
    assert portal.do("introspect")["active"] is True
    turned = portal.do("refresh")
    assert turned["refresh_token"] != tokens["refresh_token"]
    assert portal.do("userinfo")["SubjectNameID"] == DOCTOR
    leaving = portal.do("logout")
    back = arrival_at(desk, LOGGED_OUT, from_url=leaving["url"])
    assert back == f"{LOGGED_OUT}?state={leaving['state']}"
    assert portal.do("introspect")["active"] is False
    assert portal.attempt("refresh")["error"] == "invalid_grant"


def test_a_refusal_comes_back_as_an_error_it_understands(
    demo: Demo, desk: Page, portal: NodePortal
) -> None:
    discover(portal, demo)
    url = portal.do("authorize")["url"]
    answer = arrival_at(desk, CALLBACK, from_url=url, act=lambda page: page.click("#cancel"))
    assert portal.attempt("callback", url=answer)["error"] == "access_denied"


def test_what_it_revokes_is_over(demo: Demo, desk: Page, portal: NodePortal) -> None:
    discover(portal, demo)
    url = portal.do("authorize")["url"]
    portal.do("callback", url=arrival_at(desk, CALLBACK, from_url=url, act=log_in_as_test))
    portal.do("revoke")
    assert portal.do("introspect")["active"] is False


def ask_without_browser(portal: NodePortal, demo: Demo, verb: str) -> None:
    """A CIBA request, answered in the phone's place."""
    discover(portal, demo, "--grant", CIBA_GRANT, "--grant", "refresh_token")
    asked = portal.do("ciba", parameters={"login_hint": DOCTOR, "binding_message": "42"})
    assert asked["expires_in"] == 120
    address = f"{demo.base_url}/sandbox/ciba/{asked['auth_req_id']}/{verb}"
    httpx2.post(address).raise_for_status()


def test_ciba_poll(demo: Demo, portal: NodePortal) -> None:
    ask_without_browser(portal, demo, "approve")
    tokens = portal.do("poll")
    assert tokens["claims"]["SubjectNameID"] == DOCTOR
    assert portal.do("userinfo")["authMode"] == "MOBILE"
    assert portal.do("refresh")["refresh_token"] != tokens["refresh_token"]


def test_ciba_refused_on_the_phone(demo: Demo, portal: NodePortal) -> None:
    ask_without_browser(portal, demo, "deny")
    assert portal.attempt("poll")["error"] == "access_denied"
