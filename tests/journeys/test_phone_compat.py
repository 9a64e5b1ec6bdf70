"""Pro Santé Connect's own ways, where an operator wants them: four digits, one of three numbers."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.card_desk import expect_greeting
from tests.journeys.demo import Demo, running_demo
from tests.journeys.looks import expect_accessible
from tests.journeys.phone_desk import (
    activate_with_pin,
    ask_by_phone,
    expect_result,
    leave,
    open_request,
    screen,
)

pytestmark = pytest.mark.journey
PIN = "7394"


@pytest.fixture
def compatible() -> Iterator[Demo]:
    with running_demo(HYGIE_PIN_DIGITS="4", HYGIE_NUMBER_CHOICES="true") as running:
        yield running


def test_four_digits_and_one_number_of_three_log_in(
    desk: Page, phone: Page, compatible: Demo
) -> None:
    activate_with_pin(desk, phone, compatible, pin=PIN)
    leave(desk)
    number = ask_by_phone(desk, compatible)
    open_request(phone)
    expect(phone.locator("#number")).to_be_hidden()
    expect(phone.locator("#choices button")).to_have_count(3)
    phone.click("#approve")
    expect(phone.locator("#error")).to_contain_text("Touchez d’abord le nombre")
    expect_accessible(phone)
    phone.locator("#choices button", has_text=number).click()
    phone.click("#approve")
    screen(phone, "pin-approval")
    phone.fill("#pin", PIN)
    phone.click("#pin-approve")
    expect_result(phone, "approved")
    expect_greeting(desk, "Lefèvre")
