"""A browser that nobody used before: the code that turns, the code to type, the phone's passkey."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.card_desk import ask_to_log_in, expect_greeting
from tests.journeys.demo import Demo
from tests.journeys.phone_desk import (
    Sensor,
    activate_with_passkey,
    activate_with_pin,
    add_sensor,
    expect_result,
    leave,
    open_my_ecps,
    screen,
    show_code,
    type_login_code,
)

pytestmark = pytest.mark.journey


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A workstation at which the doctor never sat."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    yield context.new_page()
    context.close()


@pytest.fixture(autouse=True)
def no_phone_left(desk: Page, demo: Demo) -> Iterator[None]:
    yield
    desk.context.clear_cookies()
    open_my_ecps(desk, demo)
    while desk.locator("[id^=revoke-]").count():
        desk.locator("[id^=revoke-]").first.click()
        expect(desk.locator("#revoked")).to_be_visible()


def test_the_code_turns_while_it_is_looked_at(stranger: Page, demo: Demo) -> None:
    show_code(stranger, demo)
    place = stranger.locator("#qr")
    first = place.get_attribute("data-text") or ""
    expect(place).not_to_have_attribute("data-text", first)
    second = place.get_attribute("data-text") or ""
    login, age, _mac = second.partition("#l=")[2].split(".")
    assert login == first.partition("#l=")[2].split(".")[0]
    assert int(age) > int(first.partition("#l=")[2].split(".")[1])


def test_a_code_typed_on_the_phone_logs_in_and_is_remembered(
    desk: Page, stranger: Page, phone: Page, sensor: Sensor, demo: Demo
) -> None:
    activate_with_passkey(desk, phone, demo)
    show_code(stranger, demo)
    type_login_code(stranger, phone)
    expect(stranger.locator('#phone-state[data-state="pending"]')).to_be_visible()
    expect(stranger.locator("#number")).to_have_count(0)
    expect(phone.locator("#number")).to_be_hidden()
    expect(phone.locator("#scanned")).to_be_visible()
    phone.click("#approve")
    expect_result(phone, "approved")
    expect_greeting(stranger, "Lefèvre")
    leave(stranger)
    ask_to_log_in(stranger, demo)
    stranger.click("#choose-phone")
    expect(stranger.locator("#login")).to_have_value("899900000011")
    stranger.click("#about-memory summary")
    stranger.click("#forget-browser")
    expect(stranger.locator("#qr svg")).to_be_visible()


def test_a_code_typed_on_a_phone_with_a_pin_logs_in(
    desk: Page, stranger: Page, phone: Page, demo: Demo
) -> None:
    activate_with_pin(desk, phone, demo)
    show_code(stranger, demo)
    type_login_code(stranger, phone)
    phone.click("#approve")
    screen(phone, "pin-approval")
    phone.fill("#pin", "273849")
    phone.click("#pin-approve")
    expect_result(phone, "approved")
    expect_greeting(stranger, "Lefèvre")


def test_a_refused_code_sends_the_screen_back_to_the_portal(
    desk: Page, stranger: Page, phone: Page, sensor: Sensor, demo: Demo
) -> None:
    activate_with_passkey(desk, phone, demo)
    show_code(stranger, demo)
    type_login_code(stranger, phone)
    phone.click("#not-me")
    expect_result(phone, "not_me")
    stranger.wait_for_url(re.compile(re.escape(demo.portal_url)))


def test_a_link_with_a_code_opens_no_request(
    desk: Page, stranger: Page, phone: Page, sensor: Sensor, demo: Demo
) -> None:
    activate_with_passkey(desk, phone, demo)
    show_code(stranger, demo)
    phone.goto(stranger.locator("#qr").get_attribute("data-text") or "")
    screen(phone, "read")
    expect(phone.locator("#login-link")).to_be_visible()
    assert phone.url == f"{demo.base_url}/ecps/"
    expect(stranger.locator("#phone-scan")).to_be_visible()


def test_a_phone_without_ecps_that_opens_the_code_is_told_what_it_is(
    stranger: Page, phone: Page, demo: Demo
) -> None:
    show_code(stranger, demo)
    phone.goto(stranger.locator("#qr").get_attribute("data-text") or "")
    screen(phone, "welcome")
    expect(phone.locator(".notice--info").first).to_contain_text("Ce code se lit dans")


# The test machine has no radio; what the page does where there is one is the same page.
HAS_BLUETOOTH = """PublicKeyCredential.getClientCapabilities =
  async () => ({ hybridTransport: true });"""


def carry(sensor: Sensor, context: BrowserContext, page: Page) -> Sensor:
    """The phone's passkey answers this page too, as a phone nearby would by Bluetooth."""
    page.add_init_script(HAS_BLUETOOTH)
    near = add_sensor(context, page)
    held = sensor.session.send(
        "WebAuthn.getCredentials", {"authenticatorId": sensor.authenticator_id}
    )["credentials"][0]
    near.session.send(
        "WebAuthn.addCredential",
        {"authenticatorId": near.authenticator_id, "credential": {**held, "signCount": 50}},
    )
    return near


def test_the_passkey_of_the_phone_logs_in_without_any_number(
    desk: Page, stranger: Page, phone: Page, sensor: Sensor, demo: Demo
) -> None:
    activate_with_passkey(desk, phone, demo)
    ask_to_log_in(stranger, demo)
    near = carry(sensor, stranger.context, stranger)
    stranger.click("#choose-phone")
    near.recognise(person=False)
    stranger.click("#use-passkey-here")
    expect(stranger.locator("#passkey-error")).to_contain_text("n’est pas allée au bout")
    near.recognise(person=True)
    stranger.click("#use-passkey-here")
    expect_greeting(stranger, "Lefèvre")


def test_on_the_phone_itself_its_passkey_is_enough(
    desk: Page, phone: Page, sensor: Sensor, demo: Demo
) -> None:
    activate_with_passkey(desk, phone, demo)
    ask_to_log_in(phone, demo)
    phone.click("#choose-phone")
    expect(phone.locator("#use-passkey-here")).to_have_text(
        re.compile("Continuer avec e-CPS sur ce téléphone")
    )
    phone.click("#use-passkey-here")
    expect_greeting(phone, "Lefèvre")


def test_a_removed_phone_has_no_passkey_any_more(
    desk: Page, stranger: Page, phone: Page, sensor: Sensor, demo: Demo
) -> None:
    activate_with_passkey(desk, phone, demo)
    desk.click("#home")
    desk.locator("[id^=revoke-]").first.click()
    expect(desk.locator("#revoked")).to_be_visible()
    ask_to_log_in(stranger, demo)
    carry(sensor, stranger.context, stranger)
    stranger.click("#choose-phone")
    stranger.click("#use-passkey-here")
    expect(stranger.locator("#passkey-error")).to_contain_text("n’est pas reconnue")


def test_a_computer_without_bluetooth_does_not_offer_what_cannot_work(
    stranger: Page, demo: Demo
) -> None:
    stranger.add_init_script(HAS_BLUETOOTH.replace("true", "false"))
    show_code(stranger, demo)
    expect(stranger.locator("#use-passkey-here")).to_be_hidden()
