"""Two phones of one doctor: the new one is told to the other, which names it and removes it."""

from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from idp.enrollment.flows.tokens import qr_token
from tests.journeys.demo import Demo
from tests.journeys.looks import expect_accessible
from tests.journeys.phone_desk import (
    activate_with_pin,
    begin_activation,
    choose_pin,
    claim,
    confirm,
    leave,
    open_my_ecps,
    screen,
)

pytestmark = pytest.mark.journey


@pytest.fixture(autouse=True)
def no_phone_left(desk: Page, demo: Demo) -> Iterator[None]:
    """Every journey leaves the doctor without a phone, as it found them."""
    yield
    leave(desk)
    open_my_ecps(desk, demo)
    while desk.locator("[id^=revoke-]").count():
        desk.locator("[id^=revoke-]").first.click()
        expect(desk.locator("#revoked")).to_be_visible()


@pytest.fixture
def other_phone(browser: Browser, playwright: Playwright) -> Iterator[Page]:
    """A small phone of the same doctor."""
    device = dict(playwright.devices["iPhone SE"])
    device.pop("default_browser_type")
    context = browser.new_context(**{**device, "user_agent": ""}, locale="fr-FR")
    yield context.new_page()
    context.close()


def activate_beside(desk: Page, other_phone: Page, demo: Demo) -> None:
    open_my_ecps(desk, demo)
    claim(other_phone, demo, begin_activation(desk))
    choose_pin(other_phone)
    confirm(desk, other_phone)


def test_a_new_phone_is_removed_from_the_older_one_with_one_touch(
    desk: Page, phone: Page, other_phone: Page, demo: Demo
) -> None:
    activate_with_pin(desk, phone, demo)
    leave(desk)
    activate_beside(desk, other_phone, demo)
    news = phone.locator("#new-devices li")
    expect(news).to_have_count(1)
    expect_accessible(phone)
    expect(other_phone.locator("#new-devices li")).to_have_count(0)
    news.get_by_role("button", name="Ce n’est pas moi").click()
    expect(news).to_have_count(0)
    screen(other_phone, "stopped")


def test_the_older_phone_keeps_and_names_the_new_one(
    desk: Page, phone: Page, other_phone: Page, demo: Demo
) -> None:
    activate_with_pin(desk, phone, demo)
    leave(desk)
    activate_beside(desk, other_phone, demo)
    phone.get_by_role("button", name="C’est moi").click()
    expect(phone.locator("#new-devices li")).to_have_count(0)
    phone.reload()
    screen(phone, "home")
    expect(phone.locator("#home")).to_be_visible()
    phone.click("#device")
    expect(phone.locator("#others li")).to_have_count(1)
    expect_accessible(phone)
    phone.locator("#others").get_by_role("button", name="Renommer").click()
    screen(phone, "rename")
    phone.fill("#label", "Téléphone de garde")
    expect_accessible(phone)
    phone.click("#rename-save")
    expect(phone.locator("#others")).to_contain_text("Téléphone de garde")
    phone.locator("#others").get_by_role("button", name="Retirer").click()
    screen(phone, "remove-other")
    phone.click("#other-confirm")
    screen(phone, "device")
    expect(phone.locator("#others-part")).to_be_hidden()
    screen(other_phone, "stopped")


def test_a_phone_activated_again_takes_its_own_place(desk: Page, phone: Page, demo: Demo) -> None:
    activate_with_pin(desk, phone, demo)
    leave(desk)
    open_my_ecps(desk, demo)
    before = desk.locator("#devices > li").get_attribute("id")
    begin_activation(desk)
    enrolment_id = UUID(urlsplit(desk.url).path.rsplit("/", 1)[1])
    # What the camera would read off the workstation's screen.
    phone.goto(f"{demo.base_url}/ecps/#e={qr_token(enrolment_id)}")
    phone.click("#replace")
    phone.click("#confirm-identity")
    choose_pin(phone)
    confirm(desk, phone)
    desk.goto(f"{demo.base_url}/mon-ecps/")
    expect(desk.locator("#devices > li")).to_have_count(1)
    assert desk.locator("#devices > li").get_attribute("id") != before


def test_a_phone_suspended_with_its_holders_access_is_put_back_with_the_card(
    desk: Page, phone: Page, demo: Demo
) -> None:
    activate_with_pin(desk, phone, demo)
    # The operator puts the doctor out, and lets them in again.
    order = ("revoke", "person", "99900000011", "--reason", "journey")
    assert "phones: 1" in demo.manage(*order).stdout
    # Without Redis a command in a process of its own wakes nobody: the phone looks when it opens.
    phone.reload()
    expect(phone.locator("#stopped h1:visible")).to_have_text("e-CPS est suspendue")
    desk.goto(f"{demo.base_url}/mon-ecps/")
    expect(desk.locator("#choose-card")).to_be_visible()
    assert demo.manage(*order, "--undo").returncode == 0
    desk.context.clear_cookies()
    open_my_ecps(desk, demo)
    expect_accessible(desk)
    desk.click("[id^=resume-]")
    expect(desk.locator("#resumed")).to_be_visible()
    expect_accessible(desk)
    screen(phone, "home")
