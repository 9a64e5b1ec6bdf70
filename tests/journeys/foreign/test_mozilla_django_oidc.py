"""mozilla-django-oidc, unchanged, in a browser: login and logout."""

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.demo import Demo
from tests.journeys.foreign.desk import DOCTOR, log_in_as_test

pytestmark = pytest.mark.journey


def test_a_person_logs_in_and_out(demo: Demo, desk: Page, django_portal: str) -> None:
    desk.goto(django_portal)
    desk.click("#login")
    log_in_as_test(desk)
    expect(desk.locator("#who")).to_have_text(DOCTOR)
    desk.click("#logout")
    expect(desk.locator("#nobody")).to_be_visible()
    # The session at the provider is over as well: the next login asks again.
    desk.click("#login")
    expect(desk.locator("#choose-test")).to_be_visible()


def test_a_person_who_turns_back_is_not_logged_in(desk: Page, django_portal: str) -> None:
    desk.goto(django_portal)
    desk.click("#login")
    desk.click("#cancel")
    expect(desk.locator("#nobody")).to_be_visible()


def test_its_registered_address_is_the_only_one(demo: Demo, django_portal: str) -> None:
    answer = httpx2.get(f"{django_portal}/oidc/authenticate/", follow_redirects=False)
    bent = answer.headers["location"].replace("%2Foidc%2Fcallback%2F", "%2Fevil%2F")
    assert httpx2.get(bent, follow_redirects=False).status_code == 400
