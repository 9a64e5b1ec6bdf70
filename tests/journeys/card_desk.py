"""What a person does with a card at the desk: the portal's page, the login page, the reader."""

import re

from playwright.sync_api import Page, expect

from tests.journeys.demo import Demo

PIN = "1234"
WRONG_PIN = "9999"


def ask_to_log_in(desk: Page, demo: Demo) -> None:
    """From the portal's front page to the choice of means."""
    desk.goto(demo.portal_url)
    desk.click("#login")
    expect(desk.locator("#choose-card")).to_be_visible()


def choose_card(desk: Page, demo: Demo) -> None:
    ask_to_log_in(desk, demo)
    desk.click("#choose-card")


def renew_cards(reader: Page) -> None:
    """Empties the reader and gives every card its tries back."""
    if reader.locator("#eject").count():
        take_out(reader)
    while reader.locator("[id^=reset-]").count():
        button = reader.locator("[id^=reset-]").first
        name = button.get_attribute("id")
        button.click()
        expect(reader.locator(f"#{name}")).to_have_count(0)


def insert(reader: Page, card: str) -> None:
    reader.click(f"#card-{card}")


def take_out(reader: Page) -> None:
    reader.click("#eject")
    expect(reader.locator("#eject")).to_have_count(0)


def type_pin(reader: Page, pin: str = PIN) -> None:
    expect(reader.locator("#pin-form")).to_be_visible()
    confirm = reader.locator("#pin-confirm")
    if confirm.count():
        confirm.check()
    reader.fill("#pin-input", pin)
    reader.click("#pin-ok")
    # Gone before another try: its form must not be taken for this one.
    expect(reader.locator("#pin-form")).to_have_count(0)


def expect_greeting(desk: Page, name: str) -> None:
    expect(desk.locator("#greeting")).to_contain_text(name)


def expect_failure(desk: Page, code: str) -> None:
    """The card page explains the failure, and quotes the reference of an audit row."""
    expect(desk.locator("#card-error")).to_have_attribute("data-code", code)
    expect(desk.locator("#card-error .reference")).to_have_text(re.compile(r"^[2-9A-Z]{8}$"))
