"""The pictures of the professional's guide, from the real pages; kept where `HYGIE_PICTURES` says.

    HYGIE_PICTURES=docs/images ./run test tests/journeys/test_pictures.py

Without it they are made all the same, and thrown away: each page of the guide is there to be seen.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.journeys.card_desk import expect_greeting, insert, renew_cards, type_pin
from tests.journeys.demo import Demo
from tests.journeys.phone_desk import (
    add_sensor,
    ask_by_phone,
    begin_activation,
    expect_result,
    leave,
    open_my_ecps,
    open_request,
    screen,
    show_code,
    type_login_code,
)

pytestmark = pytest.mark.journey
GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide-ecps.md"
SMALL = {"width": 375, "height": 700}


@pytest.fixture
def album(tmp_path: Path) -> Path:
    return Path(os.environ.get("HYGIE_PICTURES", "") or tmp_path)


@pytest.fixture
def small_phone(browser: Browser, playwright: Playwright) -> Iterator[Page]:
    device = {**playwright.devices["Pixel 7"], "viewport": SMALL, "device_scale_factor": 1}
    device.pop("default_browser_type")
    context = browser.new_context(**device, locale="fr-FR", reduced_motion="reduce")
    yield context.new_page()
    context.close()


def take(page: Page, album: Path, name: str) -> None:
    page.evaluate("document.activeElement?.blur()")
    page.screenshot(path=album / f"ecps-{name}.png")


def test_each_picture_of_the_guide_is_of_a_real_page(
    desk: Page, reader: Page, small_phone: Page, demo: Demo, album: Path
) -> None:
    phone = small_phone
    add_sensor(phone.context, phone)
    desk.set_viewport_size({"width": 800, "height": 900})
    renew_cards(reader)
    insert(reader, "doctor")
    desk.goto(f"{demo.base_url}/mon-ecps/")
    desk.click("#choose-card")
    type_pin(reader)
    expect(desk.locator("#enrollment-home")).to_be_visible()
    take(desk, album, "mon-ecps")
    code = begin_activation(desk)
    take(desk, album, "activer-ordinateur")
    phone.goto(f"{demo.base_url}/ecps/")
    screen(phone, "welcome")
    take(phone, album, "activer-telephone")
    phone.fill("#code", code)
    phone.click("#code-next")
    screen(phone, "identity")
    take(phone, album, "est-ce-vous")
    phone.click("#confirm-identity")
    phone.click("#use-passkey")
    screen(phone, "digits")
    take(phone, album, "six-chiffres")
    expect(desk.locator("#fingerprint")).to_be_visible()
    take(desk, album, "recopier")
    desk.fill("#fingerprint", phone.locator("#fingerprint-digits").inner_text())
    desk.click("#fingerprint-confirm")
    type_pin(reader)
    expect(desk.locator("#activated")).to_be_visible()
    screen(phone, "activated")
    phone.click("#go-home")
    screen(phone, "home")
    take(phone, album, "accueil")

    leave(desk)
    number = ask_by_phone(desk, demo)
    take(desk, album, "nombre")
    open_request(phone)
    take(phone, album, "demande")
    phone.fill("#number", number)
    phone.click("#approve")
    expect_result(phone, "approved")
    expect_greeting(desk, "Lefèvre")
    phone.click("#go-home")

    desk.context.clear_cookies()
    show_code(desk, demo)
    take(desk, album, "code-a-scanner")
    type_login_code(desk, phone)
    take(phone, album, "demande-scannee")
    phone.click("#not-me")
    expect_result(phone, "not_me")
    take(phone, album, "pas-moi")

    open_my_ecps(desk, demo)
    expect(desk.locator("[id^=revoke-]").first).to_be_visible()
    take(desk, album, "mes-telephones")
    while desk.locator("[id^=revoke-]").count():
        desk.locator("[id^=revoke-]").first.click()
        expect(desk.locator("#revoked")).to_be_visible()

    shown = set(re.findall(r"images/(ecps-[a-z-]+\.png)", GUIDE.read_text()))
    assert shown == {path.name for path in album.glob("ecps-*.png")}
