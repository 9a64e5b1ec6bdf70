"""Every page a professional meets, in each of its states: see `looks` for what each must hold."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.card_desk import (
    WRONG_PIN,
    ask_to_log_in,
    choose_card,
    expect_failure,
    insert,
    renew_cards,
    type_pin,
)
from tests.journeys.demo import Demo
from tests.journeys.looks import in_another_tab, watched
from tests.journeys.phone_desk import (
    ask_by_phone,
    be_known,
    begin_activation,
    open_my_ecps,
    show_code,
)

pytestmark = pytest.mark.journey
PROTOCOL = "/auth/realms/esante-wallet/protocol/openid-connect"
ELSEWHERE = (
    f"{PROTOCOL}/auth?client_id=portail-demo&response_type=code&redirect_uri=https://else.example/"
)
Arrive = Callable[[Page, Demo], object]


def choose(desk: Page, demo: Demo) -> None:
    ask_to_log_in(desk, demo)


def card(desk: Page, demo: Demo) -> None:
    choose_card(desk, demo)
    expect(desk.locator("#open-reader")).to_be_visible()


def phone_code(desk: Page, demo: Demo) -> None:
    show_code(desk, demo)


def phone_typed_code(desk: Page, demo: Demo) -> None:
    show_code(desk, demo)
    desk.click("#type-instead")
    expect(desk.locator("#login-code")).to_be_visible()


def phone_identifier(desk: Page, demo: Demo) -> None:
    be_known(desk, demo)
    ask_to_log_in(desk, demo)
    desk.click("#choose-phone")
    desk.click("#about-memory summary")


def phone_number(desk: Page, demo: Demo) -> None:
    be_known(desk, demo)
    ask_by_phone(desk, demo)


def phone_of_somebody_unknown_here(desk: Page, demo: Demo) -> None:
    be_known(desk, demo)
    ask_to_log_in(desk, demo)
    desk.click("#choose-phone")
    desk.fill("#login", "899900000029")
    desk.click("#login-next")
    expect(desk.locator("#scan-error")).to_have_attribute("data-code", "not_known_here")


def as_test_identity(desk: Page, demo: Demo) -> None:
    ask_to_log_in(desk, demo)
    desk.click("#choose-test")


def my_ecps(desk: Page, demo: Demo) -> None:
    open_my_ecps(desk, demo)


def activation(desk: Page, demo: Demo) -> None:
    open_my_ecps(desk, demo)
    begin_activation(desk)


def greeted(desk: Page, demo: Demo) -> None:
    as_test_identity(desk, demo)
    desk.click("#login-submit")
    expect(desk.locator("#greeting")).to_be_visible()


def greeted_with_tokens(desk: Page, demo: Demo) -> None:
    greeted(desk, demo)
    desk.click("#tokens summary")


def asked_to_log_out(desk: Page, demo: Demo) -> None:
    greeted(desk, demo)
    desk.goto(f"{demo.base_url}{PROTOCOL}/logout")
    expect(desk.locator("#stay-hint")).to_be_visible()


def logged_out(desk: Page, demo: Demo) -> None:
    asked_to_log_out(desk, demo)
    desk.click("#confirm")
    expect(desk.locator("#logged-out")).to_be_visible()


def portal_left(desk: Page, demo: Demo) -> None:
    greeted(desk, demo)
    desk.click("#logout")
    expect(desk.locator("#logged-out")).to_be_visible()


def cancelled(desk: Page, demo: Demo) -> None:
    ask_to_log_in(desk, demo)
    desk.click("#cancel")
    expect(desk.locator("#error")).to_be_visible()


def my_ecps_cancelled(desk: Page, demo: Demo) -> None:
    desk.goto(f"{demo.base_url}/mon-ecps/")
    desk.click("#cancel")
    expect(desk.locator("#next-step")).to_be_visible()


def back_after_a_login(desk: Page, demo: Demo) -> None:
    greeted(desk, demo)
    desk.go_back()
    expect(desk.locator("#error")).to_have_attribute("data-code", "attempt_over")


def without_cookies(desk: Page, demo: Demo) -> None:
    desk.goto(f"{demo.base_url}/aide")
    desk.context.clear_cookies()
    desk.click("#language-en")
    expect(desk.locator("#error")).to_have_attribute("data-code", "form_refused")


def phone_identifier_refused(desk: Page, demo: Demo) -> None:
    phone_identifier(desk, demo)
    desk.fill("#login", "123")
    desk.click("#login-next")
    expect(desk.locator("#login-error")).to_be_visible()
    assert desk.title().startswith(("Erreur", "Error"))


def phone_number_and_help(desk: Page, demo: Demo) -> None:
    be_known(desk, demo)
    ask_by_phone(desk, demo)
    desk.click("#nothing-received summary")


def at(path: str) -> Arrive:
    return lambda desk, demo: desk.goto(f"{demo.base_url}{path}")


def portal_front(desk: Page, demo: Demo) -> None:
    desk.goto(demo.portal_url)


PAGES: dict[str, Arrive] = {
    "front": at("/"),
    "choice of means": choose,
    "card": card,
    "phone, code": phone_code,
    "phone, typed code": phone_typed_code,
    "phone, somebody unknown here": phone_of_somebody_unknown_here,
    "phone, identifier": phone_identifier,
    "phone, identifier refused": phone_identifier_refused,
    "phone, number": phone_number,
    "phone, nothing received": phone_number_and_help,
    "test identity": as_test_identity,
    "my e-CPS": my_ecps,
    "my e-CPS, cancelled": my_ecps_cancelled,
    "activation": activation,
    "phone app": at("/ecps/"),
    "help": at("/aide"),
    "accessibility": at("/accessibilite"),
    "error": at("/nowhere"),
    "unknown client": at("/auth?client_id=nobody&response_type=code"),
    "unregistered address": at(ELSEWHERE),
    "no cookies": without_cookies,
    "back after a login": back_after_a_login,
    "logout asked": asked_to_log_out,
    "logged out": logged_out,
    "portal": portal_front,
    "portal, cancelled": cancelled,
    "portal, greeted": greeted,
    "portal, tokens": greeted_with_tokens,
    "portal, left": portal_left,
}


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible_and_fit(browser: Browser, demo: Demo, name: str) -> None:
    with watched(browser, (375, "dark"), (320, "light"), (1280, "light")) as seen:
        PAGES[name](seen.page, demo)
        seen.check(name)


@pytest.mark.parametrize("name", [name for name in PAGES if not name.startswith("portal")])
def test_pages_read_as_well_in_english(browser: Browser, demo: Demo, name: str) -> None:
    with watched(browser, (320, "dark")) as seen:
        seen.page.goto(f"{demo.base_url}/aide")
        seen.page.click("#language-en")
        PAGES[name](seen.page, demo)
        if name != "no cookies":
            assert seen.page.get_attribute("html", "lang") == "en"
        seen.check(name, is_french=False)


def test_the_card_page_and_the_reader_in_each_state(browser: Browser, demo: Demo) -> None:
    with watched(browser, (320, "light"), (1280, "dark")) as seen:
        reader = in_another_tab(seen, demo)
        renew_cards(reader.page)
        reader.check("reader, empty")
        choose_card(seen.page, demo)
        expect(seen.page).to_have_title("Insérez votre carte dans le lecteur · Hygie")
        reader.check("reader, card awaited")
        insert(reader.page, "doctor")
        expect(seen.page.locator("#control-code")).to_be_visible()
        expect(seen.page).to_have_title("Composez votre code dans la fenêtre du lecteur · Hygie")
        seen.check("card, code asked")
        reader.check("reader, code asked")
        for code, title in (
            ("pin_incorrect", "Code incorrect · Hygie"),
            ("pin_final_try", "Code incorrect\u00a0: il reste un seul essai · Hygie"),
            ("pin_locked", "Votre carte est bloquée · Hygie"),
        ):
            type_pin(reader.page, WRONG_PIN)
            expect_failure(seen.page, code)
            expect(seen.page).to_have_title(title)
            seen.check(f"card, {code}")
            if code != "pin_locked":
                # What went wrong is read out first; the next key reaches what helps.
                assert seen.page.evaluate("document.activeElement.id") == "card-error"
                seen.page.keyboard.press("Tab")
                assert seen.page.evaluate("document.activeElement.id") == "retry"
                seen.page.keyboard.press("Enter")
        reader.check("reader, card blocked")
        renew_cards(reader.page)


def test_a_card_page_asks_no_other_port_once_the_first_has_answered(
    browser: Browser, demo: Demo
) -> None:
    with watched(browser, (1280, "light")) as seen:
        choose_card(seen.page, demo)
        expect(seen.page.locator("#open-reader")).to_be_visible()
        seen.page.wait_for_function(
            "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/status'))"
        )
        (first, took), *others = seen.page.evaluate(
            "performance.getEntriesByType('resource')"
            ".filter(({ name }) => name.endsWith('/v1/status'))"
            ".map(({ name, duration }) => [name, duration])"
        )
        assert first == f"http://127.0.0.1:{demo.bridge_port}/v1/status"
        # One that is slow to answer lets the others be asked: that is the rule.
        assert not others or took >= 200


def test_without_scripts_the_phone_login_shows_its_number(browser: Browser, demo: Demo) -> None:
    with watched(browser, (375, "light"), java_script_enabled=False) as seen:
        be_known(seen.page, demo)
        ask_by_phone(seen.page, demo)
        seen.page.click("#cancel-request")
        expect(seen.page.locator("#choose-card")).to_be_visible()


def test_without_scripts_the_card_page_says_what_it_needs(browser: Browser, demo: Demo) -> None:
    with watched(browser, (375, "light"), java_script_enabled=False) as seen:
        choose_card(seen.page, demo)
        expect(seen.page.locator("#noscript")).to_be_visible()
