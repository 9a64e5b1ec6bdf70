"""« Perdu ou volé » in a real browser: found, asked, done; the card is refused until it is given
back.
"""

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.card_desk import choose_card, insert, renew_cards, type_pin
from tests.journeys.demo import Demo
from tests.journeys.looks import Watched, in_another_tab, watched

pytestmark = pytest.mark.journey

NURSE = "9900000045"


@pytest.fixture(autouse=True)
def cards_as_new(reader: Page) -> None:
    renew_cards(reader)


def log_in(seen: Watched, reader: Page) -> None:
    """By card, for a page of our own."""
    seen.page.click("#choose-card")
    reader.bring_to_front()
    type_pin(reader)
    seen.page.bring_to_front()


def test_a_lost_card_is_reported_and_refused_until_the_operator_gives_it_back(
    browser: Browser, demo: Demo
) -> None:
    with watched(browser, (375, "light"), (1280, "light")) as seen:
        page = seen.page
        reader = in_another_tab(seen, demo).page
        insert(reader, "nurse")
        page.goto(f"{demo.base_url}/aide")
        page.click("#loss")
        log_in(seen, reader)
        expect(page.locator("#loss-form")).to_contain_text(NURSE)
        seen.check("loss: the list")
        page.click("#loss-next")
        expect(page.locator("#loss-confirm")).to_be_visible()
        seen.check("loss: the question")
        page.click("#loss-confirmed")
        expect(page.locator("#loss-done")).to_be_visible()
        seen.check("loss: done")
        try:
            choose_card(page, demo)
            reader.bring_to_front()
            type_pin(reader)
            page.bring_to_front()
            expect(page.locator("#card-error")).to_have_attribute("data-code", "card_revoked")
        finally:
            undone = demo.manage("revoke", "card", NURSE, "--reason", "found again", "--undo")
        assert undone.returncode == 0, undone.stderr
        page.goto(f"{demo.base_url}/mon-ecps/perte")
        log_in(seen, reader)
        expect(page.locator("#loss-form")).to_contain_text(NURSE)
        renew_cards(reader)


def test_who_has_nothing_to_report_is_told_so(browser: Browser, demo: Demo) -> None:
    with watched(browser, (375, "dark"), (1280, "dark")) as seen:
        page = seen.page
        page.goto(f"{demo.base_url}/mon-ecps/perte")
        page.click("#choose-test")
        page.select_option("#person", "899900000201")
        page.click("#login-submit")
        expect(page.locator("#loss-nothing")).to_be_visible()
        seen.check("loss: nothing to report")
        page.goto(f"{demo.base_url}/mon-ecps/perte/fait?phone")
        seen.check("loss: a phone is gone")
