"""« En tant que » in a real browser: chosen, told to the portal, remembered; and how it looks."""

import json
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.demo import Demo
from tests.journeys.listener import Listener, listening
from tests.journeys.looks import Look, watched
from tests.oidc.portal import CHALLENGE, PROTOCOL, VERIFIER

pytestmark = pytest.mark.journey

MIDWIFE_AND_NURSE = "899900000102"
SIXTEEN_PRACTICES = "899900000128"


def registered(demo: Demo, portal: Listener) -> dict[str, str]:
    done = demo.manage(
        *("client", "add", "Portail qui demande", "--redirect-uri", f"{portal.url}/callback"),
        "--practice-choice",
    )
    assert done.returncode == 0, done.stderr
    client: dict[str, str] = json.loads(done.stdout[done.stdout.index("{") :])
    return client


def come(page: Page, demo: Demo, portal: Listener, client: dict[str, str], **more: str) -> None:
    query = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": f"{portal.url}/callback",
        "scope": "openid scope_all",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **more,
    }
    page.goto(f"{demo.base_url}/auth?{urlencode(query)}")


def prove(page: Page, national_id: str) -> None:
    page.click("#choose-test")
    page.select_option("#person", national_id)
    page.click("#login-submit")
    expect(page.locator("#practice-form")).to_be_visible()


def claims(page: Page, demo: Demo, portal: Listener, client: dict[str, str]) -> dict[str, str]:
    page.wait_for_url(f"{portal.url}/callback*")
    tokens = httpx2.post(
        f"{demo.base_url}{PROTOCOL}/token",
        data={
            "grant_type": "authorization_code",
            "code": parse_qs(urlsplit(page.url).query)["code"][0],
            "redirect_uri": f"{portal.url}/callback",
            "code_verifier": VERIFIER,
        },
        auth=(client["client_id"], client["client_secret"]),
    ).json()
    told: dict[str, str] = httpx2.get(
        f"{demo.base_url}{PROTOCOL}/userinfo",
        headers={"Authorization": f"Bearer {tokens['access_token']}"},
    ).json()
    return told


def test_a_midwife_who_is_a_nurse_too_says_which_of_them_she_is_today(
    demo: Demo, desk: Page
) -> None:
    with listening() as portal:
        client = registered(demo, portal)
        come(desk, demo, portal, client)
        prove(desk, MIDWIFE_AND_NURSE)
        # By keyboard alone.
        desk.locator("#practice-form input[type=radio]").nth(0).focus()
        desk.keyboard.press("ArrowDown")
        desk.keyboard.press("Enter")
        told = claims(desk, demo, portal, client)
        assert told["SubjectRole"][0].startswith("60^")
        assert told["Secteur_Activite"].startswith("SA04^")
        # The session is open: the portal is answered with what was chosen before.
        come(desk, demo, portal, client)
        assert claims(desk, demo, portal, client) == told
        # A new login begins with it.
        come(desk, demo, portal, client, prompt="login")
        prove(desk, MIDWIFE_AND_NURSE)
        expect(desk.locator("#practice-form input:checked")).to_have_count(1)
        desk.click("#continue")
        assert claims(desk, demo, portal, client) == told


@pytest.mark.parametrize("who", [MIDWIFE_AND_NURSE, SIXTEEN_PRACTICES])
def test_the_page_of_practices_is_accessible_and_fits(
    browser: Browser, demo: Demo, who: str
) -> None:
    looks: tuple[Look, ...] = ((375, "light"), (320, "dark"), (1280, "light"), (1280, "dark"))
    with listening() as portal, watched(browser, *looks) as seen:
        come(seen.page, demo, portal, registered(demo, portal))
        prove(seen.page, who)
        seen.check(f"practices of {who}")
