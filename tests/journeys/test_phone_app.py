"""e-CPS from the workstation and the phone: two browsers, a virtual authenticator, no fake."""

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.card_desk import expect_greeting, insert, renew_cards, type_pin
from tests.journeys.demo import Demo
from tests.journeys.figures import FIGURES
from tests.journeys.looks import expect_accessible
from tests.journeys.phone_desk import (
    PIN,
    WRONG_PIN,
    Sensor,
    activate_with_passkey,
    activate_with_pin,
    another_number,
    ask_by_phone,
    begin_activation,
    choose_phone,
    choose_pin,
    claim,
    expect_result,
    leave,
    open_my_ecps,
    open_request,
    screen,
    type_number,
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
def with_passkey(desk: Page, phone: Page, sensor: Sensor, demo: Demo) -> Sensor:
    """A phone activated with a passkey; the workstation has forgotten who sat at it."""
    activate_with_passkey(desk, phone, demo)
    leave(desk)
    return sensor


@pytest.fixture
def with_pin(desk: Page, phone: Page, demo: Demo) -> None:
    activate_with_pin(desk, phone, demo)
    leave(desk)


def test_a_card_activates_a_phone(desk: Page, reader: Page, phone: Page, demo: Demo) -> None:
    renew_cards(reader)
    insert(reader, "doctor")
    desk.goto(f"{demo.base_url}/mon-ecps/")
    desk.click("#choose-card")
    type_pin(reader)
    expect(desk.locator("#holder")).to_have_text("Dr Camille Lefèvre")
    claim(phone, demo, begin_activation(desk))
    choose_pin(phone)
    screen(phone, "digits")
    desk.fill("#fingerprint", phone.locator("#fingerprint-digits").inner_text())
    desk.click("#fingerprint-confirm")
    # Who changes their mind at the reader finds the activation where it was.
    expect(desk.locator("#card-login")).to_be_visible()
    desk.go_back()
    expect(desk.locator('#activate[data-state="compared"]')).to_be_visible()
    expect_accessible(desk)
    screen(phone, "digits")
    desk.click("#certify")
    type_pin(reader)
    expect(desk.locator("#activated")).to_be_visible()
    screen(phone, "activated")
    phone.click("#go-home")
    expect(phone.locator("#holder")).to_have_text("Dr Camille Lefèvre")


@pytest.mark.usefixtures("with_passkey")
def test_a_passkey_and_the_number_log_in(desk: Page, phone: Page, demo: Demo) -> None:
    number = ask_by_phone(desk, demo)
    open_request(phone)
    expect(phone.locator("h1")).to_have_text(desk.locator("#portal strong").inner_text())
    phone.fill("#number", number)
    began = time.monotonic()
    phone.click("#approve")
    expect_greeting(desk, "Dr Camille Lefèvre")
    FIGURES.note("approve on the phone → portal's page", time.monotonic() - began, target=1)
    expect_result(phone, "approved")


@pytest.mark.usefixtures("with_pin")
def test_a_pin_and_the_number_log_in(desk: Page, phone: Page, demo: Demo) -> None:
    type_number(phone_ready(phone), ask_by_phone(desk, demo))
    screen(phone, "pin-approval")
    phone.fill("#pin", PIN)
    phone.click("#pin-approve")
    expect_greeting(desk, "Dr Camille Lefèvre")
    expect_result(phone, "approved")


def phone_ready(phone: Page) -> Page:
    screen(phone, "home")
    return phone


@pytest.mark.usefixtures("with_passkey")
def test_a_wrong_number_ends_the_request(desk: Page, phone: Page, demo: Demo) -> None:
    number = ask_by_phone(desk, demo)
    type_number(phone, another_number(number))
    expect_result(phone, "wrong_number")
    expect(desk.locator('#phone-state[data-state="failed"]')).to_be_visible()
    phone.click("#go-home")
    expect(phone.locator(".request")).to_have_count(0)


@pytest.mark.usefixtures("with_passkey")
def test_after_a_wrong_number_one_may_begin_again(desk: Page, phone: Page, demo: Demo) -> None:
    type_number(phone, another_number(ask_by_phone(desk, demo)))
    expect_result(phone, "wrong_number")
    phone.click("#go-home")
    desk.click("#choose-other")
    type_number(phone, choose_phone(desk))
    expect_greeting(desk, "Dr Camille Lefèvre")


@pytest.mark.parametrize(("answer", "outcome"), [("#deny", "denied"), ("#not-me", "not_me")])
@pytest.mark.usefixtures("with_passkey")
def test_a_refusal_returns_to_the_portal_as_access_denied(
    desk: Page, phone: Page, demo: Demo, answer: str, outcome: str
) -> None:
    ask_by_phone(desk, demo)
    open_request(phone)
    phone.click(answer)
    expect_result(phone, outcome)
    desk.wait_for_url(f"{demo.portal_url}/**")
    expect(desk.locator("body")).to_contain_text("access_denied")


def test_another_finger_approves_nothing(
    desk: Page, phone: Page, demo: Demo, with_passkey: Sensor
) -> None:
    number = ask_by_phone(desk, demo)
    with_passkey.recognise(person=False)
    type_number(phone, number)
    expect(phone.locator("#error")).to_be_visible()
    expect(desk.locator('#phone-state[data-state="pending"]')).to_be_visible()
    with_passkey.recognise(person=True)
    phone.click("#approve")
    expect_greeting(desk, "Dr Camille Lefèvre")


@pytest.mark.usefixtures("with_pin")
def test_three_wrong_pins_block_the_phone(desk: Page, phone: Page, demo: Demo) -> None:
    type_number(phone_ready(phone), ask_by_phone(desk, demo))
    screen(phone, "pin-approval")
    for expected in ("2 essais", "un seul essai"):
        phone.fill("#pin", WRONG_PIN)
        phone.click("#pin-approve")
        expect(phone.locator("#error")).to_contain_text(expected)
    phone.fill("#pin", WRONG_PIN)
    phone.click("#pin-approve")
    expect(phone.locator('#stopped[data-reason="blocked"]')).to_be_visible()
    expect(desk.locator('#phone-state[data-state="failed"]')).to_be_visible()


@pytest.mark.usefixtures("with_pin")
def test_the_right_pin_after_a_wrong_one_logs_in(desk: Page, phone: Page, demo: Demo) -> None:
    type_number(phone_ready(phone), ask_by_phone(desk, demo))
    screen(phone, "pin-approval")
    phone.fill("#pin", WRONG_PIN)
    phone.click("#pin-approve")
    expect(phone.locator("#error")).to_be_visible()
    phone.fill("#pin", PIN)
    phone.click("#pin-approve")
    expect_greeting(desk, "Dr Camille Lefèvre")


def test_wrong_digits_at_the_workstation_activate_nothing(
    desk: Page, phone: Page, demo: Demo
) -> None:
    open_my_ecps(desk, demo)
    claim(phone, demo, begin_activation(desk))
    choose_pin(phone)
    screen(phone, "digits")
    digits = phone.locator("#fingerprint-digits").inner_text()
    desk.fill("#fingerprint", "000000" if digits != "000000" else "111111")
    desk.click("#fingerprint-confirm")
    expect(desk.locator("#end-reason")).to_have_attribute("data-reason", "wrong_fingerprint")
    screen(phone, "welcome")
    desk.click("#home")
    expect(desk.locator("#devices")).to_have_count(0)


@pytest.mark.usefixtures("with_passkey")
def test_a_request_cancelled_at_the_workstation_leaves_the_phone(
    desk: Page, phone: Page, demo: Demo
) -> None:
    ask_by_phone(desk, demo)
    open_request(phone)
    desk.click("#cancel-request")
    expect_result(phone, "expired")


@pytest.mark.usefixtures("with_passkey")
def test_a_phone_revoked_at_the_workstation_says_so(desk: Page, phone: Page, demo: Demo) -> None:
    open_my_ecps(desk, demo)
    desk.locator("[id^=revoke-]").click()
    expect(phone.locator('#stopped[data-reason="revoked"]')).to_be_visible()


@pytest.mark.usefixtures("with_passkey")
def test_a_phone_removes_itself(desk: Page, phone: Page, demo: Demo) -> None:
    phone.click("#device")
    phone.click("#remove")
    phone.click("#remove-confirm")
    screen(phone, "welcome")
    phone.reload()
    screen(phone, "welcome")
    open_my_ecps(desk, demo)
    expect(desk.locator("#devices")).to_have_count(0)


@pytest.mark.usefixtures("with_pin")
def test_the_phone_keeps_nothing_to_test_a_pin_against(phone: Page) -> None:
    kept = phone.evaluate(
        """() => new Promise((resolve) => {
          const opening = indexedDB.open("ecps");
          opening.onsuccess = () => {
            const get = opening.result.transaction("device").objectStore("device").get("this");
            get.onsuccess = () => {
              const { privateKey, lock, ...rest } = get.result;
              resolve({ extractable: privateKey.extractable, lock: Object.keys(lock), rest });
            };
          };
        })"""
    )
    assert kept["extractable"] is False
    # How many digits it has; nothing of which.
    assert sorted(kept["lock"]) == ["blob", "digits", "salt"]
    assert kept["rest"]["fingerprint"] is None
    assert set(kept["rest"]) == {
        "kind",
        "deviceId",
        "state",
        "label",
        "publicJwk",
        "fingerprint",
        "holder",
        "validUntil",
        "createdAt",
    }


@pytest.mark.usefixtures("with_passkey")
def test_the_app_opens_without_a_network(pocket: BrowserContext, phone: Page) -> None:
    phone.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    pocket.set_offline(True)
    phone.reload()
    screen(phone, "home")
    expect(phone.locator("#offline")).to_be_visible()


# Of each control that is seen, where it lies, and whether a press on it arrives.
PLACES = """() => [...document.querySelectorAll("a, button, input")]
  .filter((each) => each.checkVisibility() && !each.closest(".skip-link"))
  .map((each) => {
    const { x, y, width, height } = each.getBoundingClientRect();
    const hit = document.elementFromPoint(x + width / 2, y + height / 2);
    return [each.id, x, y, width, height, hit === null || each.contains(hit)];
  })"""


@pytest.mark.parametrize("width", [320, 1280])
def test_the_notice_of_a_lost_network_moves_and_covers_no_control(
    phone: Page, demo: Demo, width: int
) -> None:
    phone.set_viewport_size({"width": width, "height": 700})
    phone.goto(f"{demo.base_url}/ecps/")
    screen(phone, "welcome")
    phone.evaluate("document.fonts.ready.then(() => true)")
    before = phone.evaluate(PLACES)
    assert all(arrives for *_place, arrives in before)
    phone.evaluate("dispatchEvent(new Event('unreachable'))")
    expect(phone.locator("#offline")).to_be_visible()
    assert phone.evaluate(PLACES) == before
    expect_accessible(phone)
    phone.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    last = phone.locator("footer button, footer a").last.bounding_box()
    notice = phone.locator("#offline").bounding_box()
    assert last is not None
    assert notice is not None
    assert last["y"] + last["height"] <= notice["y"]


def test_a_press_arrives_though_the_network_is_lost_under_the_finger(
    phone: Page, demo: Demo
) -> None:
    phone.goto(f"{demo.base_url}/ecps/")
    screen(phone, "welcome")
    button = phone.locator("#code-next")
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    phone.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    phone.mouse.down()
    phone.evaluate("dispatchEvent(new Event('unreachable'))")
    phone.mouse.up()
    expect(phone.locator("#error")).to_contain_text("dix caractères")


@pytest.mark.usefixtures("with_passkey")
def test_what_is_pressed_at_home_stays_where_it_is_when_the_state_comes(
    pocket: BrowserContext, phone: Page
) -> None:
    phone.evaluate("() => navigator.serviceWorker.ready.then(() => true)")
    pocket.set_offline(True)
    phone.reload()
    screen(phone, "home")
    phone.evaluate("document.fonts.ready.then(() => true)")
    idle = phone.locator(".idle")
    expect(idle).to_be_hidden()
    before = phone.locator("#scan-login").bounding_box()
    pocket.set_offline(False)
    expect(idle).to_be_visible()
    assert phone.locator("#scan-login").bounding_box() == before
