"""Login by card with the sandbox reader: everything real but the card itself."""

import re
import time

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys.card_desk import (
    WRONG_PIN,
    choose_card,
    expect_failure,
    expect_greeting,
    insert,
    renew_cards,
    type_pin,
)
from tests.journeys.demo import Demo
from tests.journeys.figures import FIGURES

pytestmark = pytest.mark.journey


@pytest.fixture(autouse=True)
def cards_as_new(reader: Page) -> None:
    renew_cards(reader)


def test_a_doctor_logs_in_with_card_and_pin(desk: Page, reader: Page, demo: Demo) -> None:
    choose_card(desk, demo)
    insert(reader, "doctor")
    expect(reader.locator("#pin-origin")).to_have_text(demo.base_url)
    control_code = reader.locator("#pin-code").inner_text()
    expect(desk.locator("#control-code")).to_have_text(control_code)
    # The person turns to the reader: the driver is slow to click in a window behind another.
    reader.bring_to_front()
    began = time.monotonic()
    type_pin(reader)
    expect_greeting(desk, "Dr Camille Lefèvre")
    FIGURES.note("right PIN → portal's page", time.monotonic() - began, target=2)
    expect(desk.locator("#greeting")).to_contain_text("médecin généraliste")


def test_a_midwife_logs_in_with_an_elliptic_curve_card(
    desk: Page, reader: Page, demo: Demo
) -> None:
    insert(reader, "midwife")
    choose_card(desk, demo)
    type_pin(reader)
    expect_greeting(desk, "Anne-Laure Nguyên-Martin")


def test_a_student_never_reads_as_a_doctor(desk: Page, reader: Page, demo: Demo) -> None:
    insert(reader, "student")
    choose_card(desk, demo)
    type_pin(reader)
    expect_greeting(desk, "Inès Özdemir")
    greeting = desk.locator("#greeting").inner_text()
    assert "Dr " not in greeting
    expect(desk.locator("#student")).to_have_text("En formation")


def test_a_second_visit_needs_no_new_login_until_logout(
    desktop: BrowserContext, desk: Page, reader: Page, demo: Demo
) -> None:
    insert(reader, "doctor")
    choose_card(desk, demo)
    type_pin(reader)
    expect_greeting(desk, "Camille Lefèvre")
    port = demo.portal_url.rpartition(":")[2]
    forget_portal(desktop, port)
    desk.goto(demo.portal_url)
    desk.click("#login")
    expect_greeting(desk, "Camille Lefèvre")
    desk.click("#logout")
    expect(desk.locator("body")).to_contain_text("déconnecté")
    desk.goto(demo.portal_url)
    desk.click("#login")
    expect(desk.locator("#choose-card")).to_be_visible()


def forget_portal(desktop: BrowserContext, _port: str) -> None:
    """The portal forgets its visitor; the provider's session goes on."""
    for cookie in desktop.cookies():
        if not cookie["name"].startswith("hygie_"):
            desktop.clear_cookies(name=cookie["name"])


def test_wrong_codes_warn_then_block_and_the_page_says_how_to_unblock(
    desk: Page, reader: Page, demo: Demo
) -> None:
    insert(reader, "doctor")
    choose_card(desk, demo)
    type_pin(reader, WRONG_PIN)
    expect_failure(desk, "pin_incorrect")
    desk.click("#retry")
    type_pin(reader, WRONG_PIN)
    expect_failure(desk, "pin_final_try")
    desk.click("#retry")
    type_pin(reader, WRONG_PIN)
    expect_failure(desk, "pin_locked")
    expect(desk.locator("#card-error")).to_contain_text("8 chiffres")
    # Pulled out and put back, the card is still blocked.
    reader.click("#eject")
    insert(reader, "doctor")
    expect(reader.locator("#blocked")).to_be_visible()


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("revoked", "card_revoked"),
        ("expired", "card_expired"),
        ("other-policy", "policy_refused"),
        ("software", "software_certificate"),
        ("service", "service_card"),
    ],
)
def test_a_card_that_must_not_log_in_is_refused_with_its_own_words(
    desk: Page, reader: Page, demo: Demo, card: str, code: str
) -> None:
    insert(reader, card)
    choose_card(desk, demo)
    type_pin(reader)
    expect_failure(desk, code)


def test_a_card_that_only_signs_is_refused_before_any_code(
    desk: Page, reader: Page, demo: Demo
) -> None:
    insert(reader, "signature-only")
    choose_card(desk, demo)
    expect_failure(desk, "no_auth_certificate")


def test_a_card_pulled_in_the_middle_is_said(desk: Page, reader: Page, demo: Demo) -> None:
    insert(reader, "doctor")
    choose_card(desk, demo)
    expect(reader.locator("#pin-form")).to_be_visible()
    reader.click("#eject")
    expect_failure(desk, "card_removed")


def test_a_card_swapped_in_the_middle_never_answers_for_the_first(
    desk: Page, reader: Page, demo: Demo
) -> None:
    insert(reader, "doctor")
    choose_card(desk, demo)
    expect(reader.locator("#pin-form")).to_be_visible()
    insert(reader, "midwife")
    expect_failure(desk, "card_removed")
    expect(reader.locator("#pin-form")).to_have_count(0)
    desk.click("#retry")
    type_pin(reader)
    expect_greeting(desk, "Anne-Laure Nguyên-Martin")


def test_a_person_who_cancels_the_code_can_start_again(
    desk: Page, reader: Page, demo: Demo
) -> None:
    insert(reader, "doctor")
    choose_card(desk, demo)
    expect(reader.locator("#pin-form")).to_be_visible()
    reader.click("#pin-cancel")
    expect_failure(desk, "user_cancelled")
    expect(reader.locator("#pin-form")).to_have_count(0)
    desk.click("#retry")
    type_pin(reader)
    expect_greeting(desk, "Camille Lefèvre")


def test_going_back_to_the_portal_is_access_denied(desk: Page, demo: Demo) -> None:
    choose_card(desk, demo)
    desk.click("#choose-other")
    desk.click("#cancel")
    expect(desk).to_have_url(re.compile(f"^{re.escape(demo.portal_url)}/"))
    expect(desk.locator("body")).to_contain_text("access_denied")
