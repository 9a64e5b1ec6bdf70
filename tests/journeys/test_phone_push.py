"""From the login page to a notification on a phone: server → push service → service worker.

Of the chain only the vendors' hop is not theirs: the push service listens on this machine.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.enrollment.push_service import Doorbell, PushService, push_service
from tests.journeys.demo import Demo, running_demo
from tests.journeys.phone_desk import activate_with_pin, ask_by_phone, leave

pytestmark = pytest.mark.journey

# Chromium without a vendor's service cannot subscribe: the subscription is the test's own.
SUBSCRIBED = """({ endpoint, p256dh, auth }) => {
  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  const keys = { p256dh: bytes(p256dh), auth: bytes(auth) };
  PushManager.prototype.getSubscription = async () => null;
  PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => {
    if (!userVisibleOnly || applicationServerKey.length !== 65) throw new TypeError("options");
    return { endpoint, getKey: (name) => keys[name] };
  };
}"""


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service() as listening:
        yield listening


@pytest.fixture
def ringing(service: PushService) -> Iterator[Demo]:
    """A demo that knows this push service."""
    with running_demo(HYGIE_PUSH_SERVICES=service.origin) as running:
        yield running


def test_a_login_rings_the_phone(
    desk: Page, pocket: BrowserContext, phone: Page, ringing: Demo, service: PushService
) -> None:
    bell = Doorbell(f"{service.origin}/ring/1")
    keys = bell.subscription["keys"]
    values = json.dumps({"endpoint": bell.endpoint, **keys})
    phone.add_init_script(f"({SUBSCRIBED})({values})")
    # The service worker is fetched in the language that the person chose.
    pocket.add_cookies([{"name": "django_language", "value": "fr", "url": ringing.base_url}])
    pocket.grant_permissions(["notifications"], origin=ringing.base_url)
    registrations: list[dict[str, Any]] = []
    session = pocket.new_cdp_session(phone)
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: registrations.extend(event["registrations"]),
    )
    session.send("ServiceWorker.enable")

    with phone.expect_response(lambda answer: answer.url.endswith("/devices/me/push")):
        activate_with_pin(desk, phone, ringing)
    leave(desk)
    expect(phone.locator("#doorbell")).to_be_hidden()
    ask_by_phone(desk, ringing)
    for _ in range(100):
        if service.rings:
            break
        phone.wait_for_timeout(100)
    (ring,) = service.rings
    said = bell.read(ring)
    assert said == {"v": 1, "kind": "request"}

    deliver(session, ringing, registrations, json.dumps(said))
    assert notifications(phone) == [["Demande de connexion", "request"]]
    # A spoilt ring is a ring all the same.
    deliver(session, ringing, registrations, "{")
    assert notifications(phone) == [["Demande de connexion", "request"]]


def deliver(session: Any, demo: Demo, registrations: list[dict[str, Any]], data: str) -> None:
    """As the browser does with what its push service brings."""
    session.send(
        "ServiceWorker.deliverPushMessage",
        {
            "origin": demo.base_url,
            "registrationId": registrations[0]["registrationId"],
            "data": data,
        },
    )


def notifications(phone: Page) -> list[list[str]]:
    """[title, tag] of what the phone shows, once it shows something."""
    shown: list[list[str]] = phone.evaluate(
        """async () => {
          const registration = await navigator.serviceWorker.ready;
          for (let tries = 0; tries < 50; tries += 1) {
            const shown = await registration.getNotifications();
            if (shown.length) return shown.map(({ title, tag }) => [title, tag]);
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          return [];
        }"""
    )
    return shown
