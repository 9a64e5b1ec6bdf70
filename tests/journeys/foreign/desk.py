"""What the person does between a portal and its callback, as a test identity."""

from typing import Any

from playwright.sync_api import Page, Route, expect

DOCTOR = "899900000011"


def log_in_as_test(desk: Page, person: str = DOCTOR) -> None:
    """From the choice of means up to the portal."""
    expect(desk.locator("#choose-test")).to_be_visible()
    desk.click("#choose-test")
    desk.select_option("#person", person)
    desk.click("#login-submit")


def arrival_at(desk: Page, address: str, *, from_url: str, act: Any = None) -> str:
    """Opens `from_url`, does what the page asks, and returns the address the portal is sent to."""
    arrived: list[str] = []

    def catch(route: Route) -> None:
        arrived.append(route.request.url)
        route.fulfill(body="<!doctype html><title>Portail</title>", content_type="text/html")

    desk.route(f"{address}**", catch)
    desk.goto(from_url)
    if act is not None:
        act(desk)
    desk.wait_for_url(f"{address}**")
    desk.unroute(f"{address}**")
    return arrived[-1]
