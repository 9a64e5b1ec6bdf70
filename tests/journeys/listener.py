"""A portal of one test: it keeps every address that a browser or the provider asks of it."""

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# The worker looks for messages each second; the machine may be busy.
SECONDS = 20


@dataclass
class Listener:
    url: str
    paths: list[str] = field(default_factory=list)
    bodies: "queue.Queue[bytes]" = field(default_factory=queue.Queue)
    # When each POST came, by the clock of the machine.
    told_at: list[float] = field(default_factory=list)

    def next_body(self) -> bytes:
        """Of the next POST; queue.Empty when none comes."""
        return self.bodies.get(timeout=SECONDS)


@contextmanager
def listening() -> Iterator[Listener]:
    """On a port of this machine; every page says where it is."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    kept = Listener(url=f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kept.paths.append(self.path)
            self._say(f"<!doctype html><title>portail</title><h1>{self.path}</h1>")

        def do_POST(self) -> None:
            kept.told_at.append(time.time())
            kept.bodies.put(self.rfile.read(int(self.headers["Content-Length"])))
            self._say("")

        def _say(self, html: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode())

        def log_message(self, *_: object) -> None:
            pass

    server.RequestHandlerClass = Handler
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
