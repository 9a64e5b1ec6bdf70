"""A phone without network: it shows a code, the person types it on the workstation."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.card_desk import ask_to_log_in, expect_greeting
from tests.journeys.demo import Demo, running_demo
from tests.journeys.looks import expect_accessible
from tests.journeys.phone_desk import DOCTOR, activate_with_pin, leave, screen

pytestmark = pytest.mark.journey


@pytest.fixture
def lenient() -> Iterator[Demo]:
    """A demo that takes such codes."""
    with running_demo(HYGIE_OFFLINE_CODES="true") as running:
        yield running


def test_a_code_made_without_network_logs_in(
    desk: Page, pocket: BrowserContext, phone: Page, lenient: Demo
) -> None:
    activate_with_pin(desk, phone, lenient)
    leave(desk)
    phone.click("#device")
    phone.click("#offline-open")
    screen(phone, "offline-code")
    phone.click("#offline-on")
    expect(phone.locator("#code")).to_be_visible()
    expect_accessible(phone)
    phone.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    pocket.set_offline(True)
    phone.reload()
    screen(phone, "home")
    phone.click("#device")
    phone.click("#offline-open")
    ask_to_log_in(desk, lenient)
    desk.click("#choose-offline")
    expect_accessible(desk)
    desk.fill("#login", DOCTOR)
    desk.fill("#code", phone_code(phone).replace(" ", ""))
    desk.click("#offline-next")
    expect_greeting(desk, "Dr Camille Lefèvre")


def phone_code(phone: Page) -> str:
    """The eight digits that it shows now."""
    shown = phone.locator("#code")
    expect(shown).to_have_text(re.compile(r"^\d{4} \d{4}$"))
    return shown.inner_text()
