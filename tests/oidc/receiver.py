"""A portal's own server on this machine: it keeps what it is sent."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest


@dataclass(frozen=True)
class Received:
    path: str
    content_type: str
    body: bytes


@dataclass
class Receiver:
    url: str
    status: int = 200
    calls: list[Received] = field(default_factory=list)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Listening; every POST is kept."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    kept = Receiver(url=f"http://127.0.0.1:{server.server_port}/backchannel-logout")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.calls.append(Received(self.path, self.headers["Content-Type"], body))
            self.send_response(kept.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()
