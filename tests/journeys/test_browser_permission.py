"""The login page on the internet, the bridge on this computer, the permission in between.

Chromium without a screen answers its own question with "no": that is the person who refuses.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.journeys.card_desk import expect_failure, insert, renew_cards, type_pin
from tests.journeys.demo import Demo
from tests.journeys.looks import judged
from tests.journeys.public_site import browser_flags, login_address, public_demo

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with public_demo() as running:
        yield running


@pytest.fixture(scope="module")
def public_browser(
    playwright: Playwright, browser_type_launch_args: dict[str, Any], demo: Demo
) -> Iterator[Browser]:
    arguments = [*browser_type_launch_args["args"], *browser_flags(demo)]
    browser = playwright.chromium.launch(**browser_type_launch_args | {"args": arguments})
    yield browser
    browser.close()


@pytest.fixture
def desktop(public_browser: Browser) -> Iterator[BrowserContext]:
    context = public_browser.new_context(locale="fr-FR")
    yield context
    context.close()


@pytest.fixture(autouse=True)
def doctor_inserted(reader: Page) -> None:
    renew_cards(reader)
    insert(reader, "doctor")


def open_card_page(desk: Page, demo: Demo) -> None:
    desk.goto(login_address(demo))
    desk.click("#choose-card")


def set_permission(desk: Page, demo: Demo, setting: str) -> None:
    """What the person does in the browser's own settings."""
    session = desk.context.new_cdp_session(desk)
    context_id = session.send("Target.getTargetInfo")["targetInfo"]["browserContextId"]
    session.send(
        "Browser.setPermission",
        {
            "permission": {"name": "loopback-network"},
            "setting": setting,
            "origin": demo.base_url,
            # Without it the call changes nothing, and says nothing.
            "browserContextId": context_id,
        },
    )


def expect_state(desk: Page, state: str) -> None:
    expect(desk.locator("#card-login")).to_have_attribute("data-state", state)


def expect_code_for_the_portal(desk: Page, demo: Demo) -> None:
    desk.wait_for_url(lambda url: url.startswith(f"{demo.portal_url}/callback?") and "code=" in url)


def test_the_page_explains_before_the_browser_asks_and_a_refusal_is_said(
    desk: Page, demo: Demo
) -> None:
    open_card_page(desk, demo)
    expect_state(desk, "permission")
    # Nothing was tried before the person agreed: the browser's question is still unanswered.
    state = "navigator.permissions.query({name: 'loopback-network'}).then(p => p.state)"
    assert desk.evaluate(state) == "prompt"
    assert judged(desk).violations_count == 0
    desk.click("#permission-go")
    expect_failure(desk, "permission_denied")
    expect(desk.locator("#card-error")).to_contain_text("réglages du site")
    expect(desk.locator("#retry")).to_be_visible()
    expect(desk.locator("#choose-other")).to_be_visible()


def test_a_permission_given_after_a_refusal_is_noticed_by_itself(
    desk: Page, reader: Page, demo: Demo
) -> None:
    open_card_page(desk, demo)
    desk.click("#permission-go")
    expect_failure(desk, "permission_denied")
    set_permission(desk, demo, "granted")
    expect_state(desk, "pin")
    type_pin(reader)
    expect_code_for_the_portal(desk, demo)


def test_a_permission_given_before_asks_nothing(desk: Page, reader: Page, demo: Demo) -> None:
    desk.goto(login_address(demo))
    set_permission(desk, demo, "granted")
    desk.click("#choose-card")
    expect_state(desk, "pin")
    expect(reader.locator("#pin-origin")).to_have_text(demo.base_url)
    type_pin(reader)
    expect_code_for_the_portal(desk, demo)


def test_a_permission_refused_before_is_said_at_once(desk: Page, demo: Demo) -> None:
    desk.goto(login_address(demo))
    set_permission(desk, demo, "denied")
    desk.click("#choose-card")
    expect_failure(desk, "permission_denied")


def test_safari_is_led_to_the_phone_without_a_useless_retry(desk: Page, demo: Demo) -> None:
    desk.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'vendor', {get: () => 'Apple Computer, Inc.'})"
    )
    open_card_page(desk, demo)
    expect_failure(desk, "no_bridge")
    expect(desk.locator("#card-error")).to_contain_text("Safari")
    expect(desk.locator("#card-error")).to_contain_text("e-CPS sur votre téléphone")
    expect(desk.locator("#retry")).to_be_hidden()
    expect(desk.locator("#choose-other")).to_have_class("button button--primary")
    desk.click("#choose-other")
    expect(desk.locator("#choose-phone")).to_be_visible()
