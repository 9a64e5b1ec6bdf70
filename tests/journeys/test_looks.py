"""Every page a professional meets: axe-core finds nothing, and nothing scrolls sideways."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.journeys.card_desk import ask_to_log_in, choose_card, insert, renew_cards
from tests.journeys.demo import Demo
from tests.journeys.phone_desk import ask_by_phone, begin_activation, open_my_ecps

pytestmark = pytest.mark.journey
Arrive = Callable[[Page, Demo], object]


def choose(desk: Page, demo: Demo) -> None:
    ask_to_log_in(desk, demo)


def card(desk: Page, demo: Demo) -> None:
    choose_card(desk, demo)
    expect(desk.locator("#open-reader")).to_be_visible()


def phone_identifier(desk: Page, demo: Demo) -> None:
    ask_to_log_in(desk, demo)
    desk.click("#choose-phone")


def phone_number(desk: Page, demo: Demo) -> None:
    ask_by_phone(desk, demo)


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


def at(path: str) -> Arrive:
    return lambda desk, demo: desk.goto(f"{demo.base_url}{path}")


def portal_front(desk: Page, demo: Demo) -> None:
    desk.goto(demo.portal_url)


PAGES: dict[str, Arrive] = {
    "choice of means": choose,
    "card": card,
    "phone, identifier": phone_identifier,
    "phone, number": phone_number,
    "test identity": as_test_identity,
    "my e-CPS": my_ecps,
    "activation": activation,
    "phone app": at("/ecps/"),
    "help": at("/aide"),
    "accessibility": at("/accessibilite"),
    "error": at("/nowhere"),
    "unknown client": at("/auth?client_id=nobody&response_type=code"),
    "portal": portal_front,
    "portal, greeted": greeted,
}


@pytest.mark.parametrize(("width", "scheme"), [(320, "light"), (375, "dark"), (1280, "light")])
def test_pages_are_accessible_and_fit(
    browser: Browser, demo: Demo, width: int, scheme: str
) -> None:
    for name, arrive in PAGES.items():
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="fr-FR",
        )
        page = context.new_page()
        arrive(page, demo)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
        overflow = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert overflow <= 0, f"{name} scrolls sideways by {overflow} px at {width} px"
        context.close()


def test_the_reader_of_the_sandbox_is_accessible(reader: Page, demo: Demo) -> None:
    renew_cards(reader)
    insert(reader, "doctor")
    expect(reader.locator("#eject")).to_be_visible()
    found = Axe().run(reader)
    assert found.violations_count == 0, found.generate_report()
