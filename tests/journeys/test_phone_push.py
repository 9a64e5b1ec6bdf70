"""From the login page to a notification on a phone: server → push service → service worker.

Of the chain only the vendors' hop is not theirs: the push service listens on this machine.
"""

import json
from collections.abc import Callable, Iterator
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
    shown = shown_notifications(session)

    with phone.expect_response(lambda answer: answer.url.endswith("/devices/me/push")):
        activate_with_pin(desk, phone, ringing)
    leave(desk)
    expect(phone.locator("#doorbell")).to_be_hidden()
    ask_by_phone(desk, ringing)
    wait_until(phone, lambda: bool(service.rings))
    (ring,) = service.rings
    said = bell.read(ring)
    assert said == {"v": 1, "kind": "request"}

    deliver(session, ringing, registrations, json.dumps(said))
    wait_until(phone, lambda: len(shown) == 1)
    # A spoilt ring is a ring all the same.
    deliver(session, ringing, registrations, "{")
    wait_until(phone, lambda: len(shown) == 2)
    assert shown == [("Demande de connexion", "request")] * 2


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


def shown_notifications(session: Any) -> list[tuple[str, str]]:
    """→ (title, tag) of each notification from now on, filled as the browser shows them.

    Told by the browser, not asked of the page: `getNotifications()` forgets what is not yet on
    the screen, so a page that asks while a notification is on its way never sees it.
    """
    shown: list[tuple[str, str]] = []

    def note(event: dict[str, Any]) -> None:
        told = event["backgroundServiceEvent"]
        if told["eventName"] == "Notification displayed":
            values = {each["key"]: each["value"] for each in told["eventMetadata"]}
            shown.append((values["Title"], told["instanceId"]))

    session.on("BackgroundService.backgroundServiceEventReceived", note)
    session.send("BackgroundService.startObserving", {"service": "notifications"})
    session.send(
        "BackgroundService.setRecording", {"service": "notifications", "shouldRecord": True}
    )
    return shown


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """Ten seconds at most; what comes of it is for the test to say."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
