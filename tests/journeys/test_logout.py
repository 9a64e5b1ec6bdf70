"""Logging out of one portal in a real browser: frames, the way on, and the portals' servers."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from playwright.sync_api import Page

from tests.journeys.demo import Demo
from tests.journeys.listener import Listener, listening
from tests.oidc.portal import CHALLENGE, PROTOCOL, VERIFIER

pytestmark = pytest.mark.journey


def registered(demo: Demo, portal: Listener) -> dict[str, str]:
    done = demo.manage(
        *("client", "add", "Portail à cadre", "--redirect-uri", f"{portal.url}/callback"),
        *("--post-logout-redirect-uri", f"{portal.url}/bye"),
        *("--frontchannel-logout-uri", f"{portal.url}/frame"),
        "--frontchannel-logout-session-required",
        *("--backchannel-logout-uri", f"{portal.url}/told"),
    )
    assert done.returncode == 0, done.stderr
    client: dict[str, str] = json.loads(done.stdout[done.stdout.index("{") :])
    return client


def logged_in(page: Page, demo: Demo, portal: Listener, client: dict[str, str]) -> str:
    """By the sandbox's test identity; returns the id_token."""
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": f"{portal.url}/callback",
        "scope": "openid",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    page.goto(f"{demo.base_url}/auth?{urlencode(query)}")
    page.click("#choose-test")
    page.click("#login-submit")
    page.wait_for_url(f"{portal.url}/callback*")
    answer = httpx2.post(
        f"{demo.base_url}{PROTOCOL}/token",
        data={
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(page.url).query)["code"][0],
            "redirect_uri": f"{portal.url}/callback",
            "code_verifier": VERIFIER,
        },
        auth=(client["client_id"], client["client_secret"]),
    )
    return str(answer.json()["id_token"])


def test_the_browser_loads_the_frame_and_goes_on_and_the_server_is_told(
    demo: Demo, desk: Page
) -> None:
    with listening() as portal:
        client = registered(demo, portal)
        id_token = logged_in(desk, demo, portal, client)
        refused: list[str] = []
        desk.on("console", lambda message: refused.append(message.text))
        query = {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": f"{portal.url}/bye",
            "state": "s",
        }
        # The page goes on because the frame is there, not because it waited long enough.
        desk.add_init_script(
            "const later = setTimeout;"
            " window.setTimeout = (then, after) => later(then, after === 5000 ? 600000 : after);"
        )
        desk.goto(f"{demo.base_url}{PROTOCOL}/logout?{urlencode(query)}")
        desk.wait_for_url(f"{portal.url}/bye?state=s")
        (frame,) = [path for path in portal.paths if path.startswith("/frame")]
        told = parse_qs(urlsplit(frame).query)
        assert told["iss"] == [f"{demo.base_url}/auth/realms/esante-wallet"]
        assert told["sid"]
        assert portal.paths.index(frame) < portal.paths.index("/bye?state=s")
        assert not [text for text in refused if "Content Security Policy" in text]
        assert portal.next_body().startswith(b"logout_token=ey")
