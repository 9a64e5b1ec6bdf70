"""The phone's screens and the workstation's pages beside them, in each state: see `looks`."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.demo import Demo
from tests.journeys.looks import Look, Watched, watched
from tests.journeys.phone_desk import (
    PIN,
    WRONG_PIN,
    add_sensor,
    another_number,
    ask_by_phone,
    begin_activation,
    choose_phone,
    confirm,
    expect_result,
    leave,
    open_my_ecps,
    open_request,
    screen,
    type_number,
)

pytestmark = pytest.mark.journey
LOOKS: tuple[Look, ...] = ((320, "light"), (1280, "dark"))


def remove_phones(desk: Page, demo: Demo) -> None:
    open_my_ecps(desk, demo)
    while desk.locator("[id^=revoke-]").count():
        desk.locator("[id^=revoke-]").first.click()
        expect(desk.locator("#revoked")).to_be_visible()


def claim_looking(desk: Watched, phone: Watched, demo: Demo) -> None:
    """From the code on the workstation to the choice of a protection."""
    code = begin_activation(desk.page)
    phone.page.goto(f"{demo.base_url}/ecps/")
    phone.page.click("#code-next")
    phone.check("app, no code typed")
    phone.page.fill("#code", code)
    phone.page.click("#code-next")
    screen(phone.page, "identity")
    phone.check("app, identity")
    expect(desk.page.locator('#activate[data-state="claimed"]')).to_be_visible()
    desk.check("activation, code read")
    phone.page.click("#confirm-identity")
    screen(phone.page, "protect")
    phone.check("app, protection")


def test_a_phone_with_a_passkey_in_each_state(browser: Browser, demo: Demo) -> None:
    with watched(browser, *LOOKS) as desk, watched(browser, *LOOKS) as phone:
        sensor = add_sensor(phone.page.context, phone.page)
        remove_phones(desk.page, demo)
        desk.check("my e-CPS, no phone")
        claim_looking(desk, phone, demo)
        phone.page.click("#use-passkey")
        screen(phone.page, "digits")
        phone.check("app, digits")
        expect(desk.page.locator("#fingerprint")).to_be_focused()
        desk.check("activation, digits")
        confirm(desk.page, phone.page)
        desk.check("activation, done")
        phone.check("app, nothing asked")
        desk.page.click("#home")
        desk.check("my e-CPS, one phone")
        phone.page.click("#device")
        phone.check("app, this phone")
        phone.page.click("#remove")
        phone.check("app, remove?")
        phone.page.click("#remove-cancel")
        phone.page.click("#back")

        leave(desk.page)
        number = ask_by_phone(desk.page, demo)
        expect(phone.page.locator("#announcement")).to_have_text(
            "Une demande de connexion attend votre réponse."
        )
        phone.check("app, one request")
        open_request(phone.page)
        phone.check("app, approval")
        phone.page.click("#approve")
        phone.check("app, approval without the number")
        sensor.recognise(person=False)
        phone.page.fill("#number", number)
        phone.page.click("#approve")
        expect(phone.page.locator("#error")).to_contain_text("n’est pas allée au bout")
        phone.check("app, another finger")
        sensor.recognise(person=True)
        phone.page.fill("#number", another_number(number))
        phone.page.click("#approve")
        expect_result(phone.page, "wrong_number")
        phone.check("app, wrong number")
        expect(desk.page).to_have_title("La demande a été arrêtée · Hygie")
        desk.check("phone, request stopped")
        phone.page.click("#go-home")
        desk.page.click("#choose-other")
        choose_phone(desk.page)
        open_request(phone.page)
        phone.page.click("#not-me")
        expect_result(phone.page, "not_me")
        phone.check("app, not me")
        phone.page.click("#go-home")
        phone.page.click("#journal-open")
        expect(phone.page.locator(".entry--alarming").first).to_contain_text("pas moi")
        phone.check("app, journal")
        phone.page.click("#journal-back")
        phone.page.click("#scan-login")
        expect(phone.page.locator("#error")).to_be_visible()
        phone.check("app, reading a code")
        phone.page.click("#read-cancel")
        remove_phones(desk.page, demo)
        desk.check("my e-CPS, phone removed")
        expect(phone.page.locator("#stopped")).to_be_visible()
        phone.check("app, phone removed")


def test_a_phone_with_a_code_in_each_state(browser: Browser, demo: Demo) -> None:
    with watched(browser, *LOOKS) as desk, watched(browser, *LOOKS) as phone:
        remove_phones(desk.page, demo)
        claim_looking(desk, phone, demo)
        phone.page.click("#use-pin")
        phone.page.click("#pin-save")
        phone.check("app, code too short")
        phone.page.fill("#pin", PIN)
        phone.page.fill("#pin-repeat", PIN)
        phone.page.click("#pin-save")
        confirm(desk.page, phone.page)
        leave(desk.page)
        type_number(phone.page, ask_by_phone(desk.page, demo))
        screen(phone.page, "pin-approval")
        phone.check("app, code asked")
        for said in ("2 essais", "un seul essai"):
            phone.page.fill("#pin", WRONG_PIN)
            phone.page.click("#pin-approve")
            expect(phone.page.locator("#error")).to_contain_text(said)
        phone.check("app, wrong code")
        phone.page.fill("#pin", WRONG_PIN)
        phone.page.click("#pin-approve")
        expect(phone.page.locator("#stopped")).to_be_visible()
        phone.check("app, blocked")
        remove_phones(desk.page, demo)


def test_a_phone_without_a_camera_is_told_to_type_the_code(browser: Browser, demo: Demo) -> None:
    with watched(browser, (375, "light")) as phone:
        phone.page.context.grant_permissions(["camera"])
        phone.page.goto(f"{demo.base_url}/ecps/")
        phone.page.click("#scan")
        expect(phone.page.locator("#error")).to_contain_text("n’a pas d’appareil photo utilisable")
        phone.check("app, no camera")


def test_the_digits_that_differ_are_explained(browser: Browser, demo: Demo) -> None:
    with watched(browser, (375, "light")) as desk, watched(browser, (375, "light")) as phone:
        remove_phones(desk.page, demo)
        claim_looking(desk, phone, demo)
        phone.page.click("#use-pin")
        phone.page.fill("#pin", PIN)
        phone.page.fill("#pin-repeat", PIN)
        phone.page.click("#pin-save")
        screen(phone.page, "digits")
        digits = phone.page.locator("#fingerprint-digits").inner_text()
        desk.page.fill("#fingerprint", "000000" if digits != "000000" else "111111")
        desk.page.click("#fingerprint-confirm")
        expect(desk.page).to_have_title("L’activation est arrêtée · Hygie")
        desk.check("activation, digits differ")
        screen(phone.page, "welcome")
        phone.check("app, activation stopped")
