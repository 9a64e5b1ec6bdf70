"""What a person does with a phone: activates e-CPS, opens a request, answers it."""

import re
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.journeys.card_desk import ask_to_log_in
from tests.journeys.demo import Demo

DOCTOR = "899900000011"
PIN = "273849"
WRONG_PIN = "918273"

AUTHENTICATOR: dict[str, Any] = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@dataclass(frozen=True, slots=True)
class Sensor:
    """The phone's fingerprint sensor: a virtual authenticator of this page."""

    session: Any
    authenticator_id: str

    def recognise(self, *, person: bool) -> None:
        """Whether the next finger is the owner's."""
        self.session.send(
            "WebAuthn.setUserVerified",
            {"authenticatorId": self.authenticator_id, "isUserVerified": person},
        )


def add_sensor(context: BrowserContext, page: Page) -> Sensor:
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return Sensor(session, added["authenticatorId"])


def screen(phone: Page, name: str) -> Locator:
    """The phone shows this screen."""
    shown = phone.locator(f'#screen[data-screen="{name}"]')
    expect(shown).to_be_visible()
    return shown


def open_my_ecps(desk: Page, demo: Demo, person: str = DOCTOR) -> None:
    """« Mon e-CPS » on the workstation, as a test identity that stands for a card login."""
    desk.goto(f"{demo.base_url}/mon-ecps/")
    desk.click("#choose-test")
    desk.select_option("#person", person)
    desk.check("#auth-mode-card")
    desk.click("#login-submit")
    expect(desk.locator("#enrollment-home")).to_be_visible()


def leave(desk: Page) -> None:
    """The session is over; the browser still knows who sat at it."""
    desk.context.clear_cookies(name=re.compile(r"^(?!.*(hygie_known|django_language)$)"))


def be_known(desk: Page, demo: Demo) -> None:
    """The doctor logged in here before."""
    open_my_ecps(desk, demo)
    leave(desk)


def begin_activation(desk: Page) -> str:
    """→ the code to type on the phone."""
    desk.click("#enrol-start")
    return desk.locator("#typed-code").inner_text()


def claim(phone: Page, demo: Demo, code: str) -> None:
    phone.goto(f"{demo.base_url}/ecps/")
    phone.fill("#code", code)
    phone.click("#code-next")
    screen(phone, "identity")
    phone.click("#confirm-identity")
    screen(phone, "protect")


def choose_pin(phone: Page, pin: str = PIN) -> None:
    phone.click("#use-pin")
    phone.fill("#pin", pin)
    phone.fill("#pin-repeat", pin)
    phone.click("#pin-save")


def confirm(desk: Page, phone: Page) -> None:
    """The six digits go from the phone to the workstation by the person's eyes and fingers."""
    screen(phone, "digits")
    desk.fill("#fingerprint", phone.locator("#fingerprint-digits").inner_text())
    desk.click("#fingerprint-confirm")
    expect(desk.locator("#activated")).to_be_visible()
    screen(phone, "activated")
    phone.click("#go-home")
    screen(phone, "home")


def activate_with_passkey(desk: Page, phone: Page, demo: Demo) -> None:
    open_my_ecps(desk, demo)
    claim(phone, demo, begin_activation(desk))
    phone.click("#use-passkey")
    confirm(desk, phone)


def activate_with_pin(desk: Page, phone: Page, demo: Demo) -> None:
    open_my_ecps(desk, demo)
    claim(phone, demo, begin_activation(desk))
    choose_pin(phone)
    confirm(desk, phone)


def ask_by_phone(desk: Page, demo: Demo, person: str = DOCTOR) -> str:
    """From the portal to the waiting page. → the number it shows."""
    ask_to_log_in(desk, demo)
    return choose_phone(desk, person)


def choose_phone(desk: Page, person: str = DOCTOR) -> str:
    desk.click("#choose-phone")
    desk.fill("#login", person)
    desk.click("#login-next")
    expect(desk.locator('#phone-state[data-state="pending"]')).to_be_visible()
    return desk.locator("#number").inner_text()


def open_request(phone: Page) -> None:
    phone.locator(".request").click()
    screen(phone, "approval")


def show_code(desk: Page, demo: Demo) -> None:
    """From the portal to the code that turns, in a browser that knows nobody."""
    ask_to_log_in(desk, demo)
    desk.click("#choose-phone")
    expect(desk.locator("#qr svg")).to_be_visible()


def type_login_code(desk: Page, phone: Page) -> None:
    """For a phone without a camera: ten characters from one screen to the other."""
    desk.click("#type-instead")
    code = desk.locator("#login-code").inner_text()
    phone.click("#scan-login")
    screen(phone, "read")
    phone.fill("#login-code", code)
    phone.click("#login-code-next")
    screen(phone, "approval")


def type_number(phone: Page, number: str) -> None:
    open_request(phone)
    phone.fill("#number", number)
    phone.click("#approve")


def another_number(number: str) -> str:
    """A number as long that is not the one shown."""
    return number[:-1] + ("1" if number[-1] != "1" else "2")


def expect_result(phone: Page, outcome: str) -> None:
    expect(phone.locator("#result")).to_have_attribute("data-result", outcome)
