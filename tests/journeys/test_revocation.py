"""A card opposed during an open session: two portals and two nodes feel it, and it is measured."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import psycopg
import pytest
from playwright.sync_api import Page, expect

from tests.journeys.card_desk import (
    choose_card,
    expect_greeting,
    insert,
    renew_cards,
    type_pin,
)
from tests.journeys.demo import ROOT, START_SECONDS, Demo, free_ports
from tests.journeys.figures import FIGURES
from tests.journeys.listener import Listener, listening
from tests.oidc.portal import CHALLENGE, PROTOCOL, VERIFIER

pytestmark = pytest.mark.journey
NURSE = "899900000045"


@contextmanager
def second_node(demo: Demo) -> Iterator[str]:
    """Another process on the same database; its address."""
    (port,) = free_ports(1)
    command = [sys.executable, "manage.py", "serve", "all", "--port", str(port), "--workers", "1"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=demo.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://localhost:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            try:
                httpx2.get(f"{address}{PROTOCOL}/certs", timeout=5).raise_for_status()
                break
            except httpx2.HTTPError:
                time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


class Portal:
    """A portal that keeps the tokens of one login and listens at its back channel."""

    def __init__(self, demo: Demo, heard: Listener, name: str) -> None:
        done = demo.manage(
            *("client", "add", name, "--redirect-uri", f"{heard.url}/callback"),
            *("--backchannel-logout-uri", f"{heard.url}/told"),
        )
        assert done.returncode == 0, done.stderr
        self.client = json.loads(done.stdout[done.stdout.index("{") :])
        self.demo, self.heard, self.tokens = demo, heard, {"access_token": ""}

    def open(self, desk: Page) -> None:
        query = {
            "response_type": "code",
            "client_id": self.client["client_id"],
            "redirect_uri": f"{self.heard.url}/callback",
            "scope": "openid scope_all",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        desk.goto(f"{self.demo.base_url}/auth?{urlencode(query)}")

    def redeem(self, desk: Page) -> None:
        desk.wait_for_url(f"{self.heard.url}/callback*")
        self.tokens = self._post(
            "token",
            {
                "grant_type": "authorization_code",
                "code": parse_qs(urlsplit(desk.url).query)["code"][0],
                "redirect_uri": f"{self.heard.url}/callback",
                "code_verifier": VERIFIER,
            },
        ).json()

    def refresh(self) -> httpx2.Response:
        return self._post(
            "token",
            {"grant_type": "refresh_token", "refresh_token": self.tokens["refresh_token"]},
        )

    def is_let_in(self, node: str) -> bool:
        """What UserInfo of this node says of the access token."""
        answer = httpx2.get(
            f"{node}{PROTOCOL}/userinfo",
            headers={"Authorization": f"Bearer {self.tokens['access_token']}"},
        )
        assert answer.status_code in {200, 401}, answer.text
        return answer.status_code == 200

    def _post(self, name: str, data: dict[str, str]) -> httpx2.Response:
        return httpx2.post(
            f"{self.demo.base_url}{PROTOCOL}/{name}",
            data=data,
            auth=(self.client["client_id"], self.client["client_secret"]),
        )


class Watch(threading.Thread):
    """Asks one node for one token until it is refused; keeps when that was first seen."""

    def __init__(self, portal: Portal, node: str) -> None:
        super().__init__(daemon=True)
        self.portal, self.node, self.refused_at = portal, node, 0.0

    def run(self) -> None:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            asked = time.time()
            if not self.portal.is_let_in(self.node):
                self.refused_at = asked
                return
            time.sleep(0.05)


def opposed_at(demo: Demo) -> float:
    """When the row of the opposition was written."""
    select = "SELECT MAX(at) FROM audit_auditrow WHERE event = 'card_opposed'"
    url = demo.environment.get("DATABASE_URL", "")
    if url.startswith("postgres"):
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(select.encode()).fetchone()
        assert row is not None
        at: datetime = row[0]
        return at.timestamp()
    with sqlite3.connect(demo.data_dir / "hygie.sqlite3", timeout=20) as connection:
        (text,) = connection.execute(select).fetchone()
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def test_a_card_opposed_during_its_session_is_felt_by_two_portals_on_every_node(
    demo: Demo, desk: Page, reader: Page
) -> None:
    renew_cards(reader)
    with listening() as first, listening() as second, second_node(demo) as node:
        portals = [Portal(demo, first, "Portail un"), Portal(demo, second, "Portail deux")]
        insert(reader, "pharmacist")
        portals[0].open(desk)
        desk.click("#choose-card")
        reader.bring_to_front()
        type_pin(reader)
        portals[0].redeem(desk)
        # The second one in the same session: nothing is asked.
        portals[1].open(desk)
        portals[1].redeem(desk)
        watches = [Watch(portal, at) for portal in portals for at in (demo.base_url, node)]
        assert all(watch.portal.is_let_in(watch.node) for watch in watches)
        for watch in watches:
            watch.start()
        done = demo.manage("sandbox", "revoke-card", "pharmacist")
        assert done.returncode == 0, done.stderr
        for watch in watches:
            watch.join()
        told = [parse_qs(portal.heard.next_body().decode()) for portal in portals]
        at = opposed_at(demo)
        # The row has the time at which its transaction wrote it; a moment later it was committed.
        refused = max(watch.refused_at - at for watch in watches)
        heard = max(portal.heard.told_at[0] for portal in portals) - at
        FIGURES.note("card opposed → tokens of 2 portals dead on 2 nodes", refused, target=1)
        FIGURES.note("card opposed → 2 portals told", heard, target=5)
        assert all(watch.refused_at for watch in watches)
        # Generous, for a machine that does other things too; the figures say what it took.
        assert refused < 5
        assert heard < 20
        assert all("logout_token" in body for body in told)
        assert [portal.refresh().json()["error"] for portal in portals] == ["invalid_grant"] * 2
    # Nobody is let in by the browser's cookie, and the card is told why.
    portals[0].open(desk)
    desk.click("#choose-card")
    type_pin(reader)
    expect(desk.locator("#card-error")).to_have_attribute("data-code", "card_revoked")
    renew_cards(reader)


def test_the_demo_portal_forgets_who_is_no_longer_let_in(
    demo: Demo, desk: Page, reader: Page
) -> None:
    renew_cards(reader)
    insert(reader, "nurse")
    choose_card(desk, demo)
    type_pin(reader)
    expect_greeting(desk, "Jean-Baptiste Le Goff")
    order = ("revoke", "person", NURSE, "--reason", "a test")
    done = demo.manage(*order)
    assert done.returncode == 0, done.stderr
    try:
        deadline = time.monotonic() + 20
        while not desk.locator("#login").is_visible():
            assert time.monotonic() < deadline, "the portal was not told"
            desk.goto(demo.portal_url)
    finally:
        undone = demo.manage(*order, "--undo")
    assert undone.returncode == 0, undone.stderr
