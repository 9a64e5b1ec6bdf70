"""A request that nobody answers in time: both screens say so, and the login can go on."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.card_desk import expect_greeting
from tests.journeys.demo import Demo, running_demo
from tests.journeys.phone_desk import (
    DOCTOR,
    PIN,
    activate_with_pin,
    ask_by_phone,
    expect_result,
    leave,
    open_request,
    screen,
    type_number,
)

pytestmark = pytest.mark.journey
REQUEST_SECONDS = 20


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demo whose requests live for a few seconds instead of two minutes."""
    with running_demo(HYGIE_PHONE_REQUEST_SECONDS=str(REQUEST_SECONDS)) as running:
        yield running


def test_an_unanswered_request_expires_and_can_be_asked_again(
    desk: Page, phone: Page, demo: Demo
) -> None:
    activate_with_pin(desk, phone, demo)
    leave(desk)
    ask_by_phone(desk, demo)
    open_request(phone)
    over = desk.locator('#phone-state[data-state="expired"]')
    expect(over).to_be_visible(timeout=2 * REQUEST_SECONDS * 1000)
    expect_result(phone, "expired")
    phone.click("#go-home")
    desk.click("#retry")
    desk.fill("#login", DOCTOR)
    desk.click("#login-next")
    type_number(phone, desk.locator("#number").inner_text())
    screen(phone, "pin-approval")
    phone.fill("#pin", PIN)
    phone.click("#pin-approve")
    expect_greeting(desk, "Dr Camille Lefèvre")
