"""A second card in the same browser: whose session it is, and what each of the two answers does."""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.card_desk import expect_greeting, insert, renew_cards, take_out, type_pin
from tests.journeys.demo import Demo
from tests.journeys.looks import in_another_tab, watched

pytestmark = pytest.mark.journey
DOCTOR, NURSE = "Dr Camille Lefèvre", "Jean-Baptiste Le Goff"


def present(desk: Page, demo: Demo, reader: Page, card: str) -> None:
    """The portal asks anew who is there, and this card answers."""
    desk.goto(f"{demo.portal_url}/login?prompt=login")
    desk.click("#choose-card")
    insert(reader, card)
    type_pin(reader)


def swap_cards(desk: Page, demo: Demo, reader: Page) -> None:
    """The doctor logs in, takes the card and leaves; the nurse comes to the same browser."""
    renew_cards(reader)
    present(desk, demo, reader, "doctor")
    expect_greeting(desk, DOCTOR)
    take_out(reader)
    present(desk, demo, reader, "nurse")
    expect(desk.locator("#login-confirm")).to_have_attribute("data-asks", "other-person")


def arrive_without_a_card(desk: Page, demo: Demo) -> None:
    """As at a second portal: the session alone answers."""
    desk.goto(f"{demo.portal_url}/login")


def test_the_page_says_whose_session_it_is_and_whose_card(
    desk: Page, reader: Page, demo: Demo
) -> None:
    swap_cards(desk, demo, reader)
    expect(desk.locator("#whose-session strong")).to_have_text(DOCTOR)
    expect(desk.locator("#whose-card strong")).to_have_text(NURSE)
    expect(desk.locator("#continue")).to_contain_text(NURSE)


def test_who_goes_on_takes_a_session_of_their_own(desk: Page, reader: Page, demo: Demo) -> None:
    swap_cards(desk, demo, reader)
    desk.click("#continue")
    expect_greeting(desk, NURSE)
    arrive_without_a_card(desk, demo)
    expect_greeting(desk, NURSE)


def test_who_goes_back_leaves_the_others_session_and_gets_none(
    desk: Page, reader: Page, demo: Demo
) -> None:
    swap_cards(desk, demo, reader)
    desk.click("#cancel")
    expect(desk.locator("#error")).to_contain_text("access_denied")
    arrive_without_a_card(desk, demo)
    expect_greeting(desk, DOCTOR)


def test_who_only_leaves_the_page_has_changed_nothing(desk: Page, reader: Page, demo: Demo) -> None:
    swap_cards(desk, demo, reader)
    arrive_without_a_card(desk, demo)
    expect_greeting(desk, DOCTOR)


def test_the_question_stands_until_it_is_answered(desk: Page, reader: Page, demo: Demo) -> None:
    swap_cards(desk, demo, reader)
    asked = desk.url
    desk.goto(f"{demo.base_url}/aide")
    desk.goto(asked)
    expect(desk.locator("#whose-session strong")).to_have_text(DOCTOR)
    desk.click("#continue")
    expect_greeting(desk, NURSE)


def test_the_question_is_accessible_and_fits(browser: Browser, demo: Demo) -> None:
    with watched(browser, (320, "dark"), (375, "light"), (1280, "light")) as seen:
        reader = in_another_tab(seen, demo)
        swap_cards(seen.page, demo, reader.page)
        seen.check("another person's session")
        # The answer that closes somebody's session is never given by a key that was pressed before.
        assert seen.page.evaluate("document.activeElement.id") != "continue"
