"""What the person does between a portal and its callback, and where the browser arrives."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from playwright.sync_api import Page, expect

DOCTOR = "899900000011"


def log_in_as_test(desk: Page, person: str = DOCTOR) -> None:
    """From the choice of means up to the portal, as a test identity."""
    expect(desk.locator("#choose-test")).to_be_visible()
    desk.click("#choose-test")
    desk.select_option("#person", person)
    desk.click("#login-submit")


class Landing:
    """The portal's addresses: whatever arrives there is shown as it came."""

    def __init__(self, origin: str) -> None:
        self.callback, self.logged_out = f"{origin}/callback", f"{origin}/logged-out"

    def arrival(self, desk: Page, url: str, act: Callable[[Page], None] | None = None) -> str:
        """Opens `url`, does what the page asks; the address at which the browser arrives."""
        desk.goto(url)
        if act is not None:
            act(desk)
        expect(desk.locator("#landed")).to_be_visible()
        return desk.url


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b'<!doctype html><title>Portail</title><p id="landed">Portail</p>')

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Silent."""


@contextmanager
def landing_page() -> Iterator[Landing]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Landing(f"http://localhost:{server.server_port}")
    finally:
        server.shutdown()
        server.server_close()
