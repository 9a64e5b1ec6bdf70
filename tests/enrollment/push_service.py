"""A push service on this machine (RFC 8030), and a browser that subscribed to it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import ECKey

from idp.enrollment.rules.encoding import b64u, from_b64u
from tests.emulators.phones import SoftPhone

AUTH = bytes(range(16))


@dataclass
class Ring:
    """One message as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class PushService:
    """`statuses`: what it answers, in order; 201 when there are no more."""

    origin: str
    statuses: list[int] = field(default_factory=list)
    rings: list[Ring] = field(default_factory=list)


@contextmanager
def push_service() -> Iterator[PushService]:
    """Listening; every POST is kept."""
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    kept = PushService(origin=f"http://127.0.0.1:{server.server_port}")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            kept.rings.append(Ring(self.path, headers, body))
            self.send_response(kept.statuses.pop(0) if kept.statuses else 201)
            self.end_headers()

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


class Doorbell:
    """The browser's side of a subscription: it alone can read what is rung."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def subscription(self) -> dict[str, Any]:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {"endpoint": self.endpoint, "keys": {"p256dh": b64u(point), "auth": b64u(AUTH)}}

    def subscribe(self, phone: SoftPhone) -> None:
        phone.signed_call("PUT", "/devices/me/push", self.subscription)

    def read(self, ring: Ring) -> Any:
        plain = http_ece.decrypt(
            ring.body, private_key=self.key, auth_secret=AUTH, version="aes128gcm"
        )
        return json.loads(plain)


def vapid_claims(ring: Ring, *, public_key: str) -> dict[str, Any]:
    """The claims of the ring's VAPID token, whose signature by this very key is checked."""
    scheme, _space, rest = ring.headers["authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert (scheme, parts["k"].rstrip("=")) == ("vapid", public_key)
    point = from_b64u(public_key)
    jwk: dict[str, str | list[str]] = {"kty": "EC", "crv": "P-256"}
    jwk |= {"x": b64u(point[1:33]), "y": b64u(point[33:])}
    return jwt.decode(parts["t"], ECKey.import_key(jwk), algorithms=["ES256"]).claims
