"""The provider as the public sees it: https, a name of its own, an address elsewhere.

A page of this computer may reach the card bridge without a word; one of the internet may not. So
the demo is put behind TLS on another loopback address, and Chromium is told to call that public.
"""

import datetime
import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from idp.sandbox.demo.prepare import PORTAL_CLIENT_ID
from tests.journeys.demo import Demo, free_ports, running_demo

NAME, ADDRESS = "idp.test", "127.0.0.2"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@contextmanager
def public_demo(*options: str) -> Iterator[Demo]:
    """A demo at `https://idp.test:<port>`."""
    (port,) = free_ports(1)
    base_url = f"https://{NAME}:{port}"
    settings = {"HYGIE_PORT": str(port), "HYGIE_BASE_URL": base_url}
    with running_demo(*options, **settings) as demo, _tls_front(port, demo.data_dir):
        yield replace(demo, base_url=base_url)


def browser_flags(demo: Demo) -> list[str]:
    """What makes Chromium find the site, accept its certificate, and call it public."""
    port = demo.base_url.rpartition(":")[2]
    return [
        "--ignore-certificate-errors",
        f"--host-resolver-rules=MAP *.test {ADDRESS}",
        f"--ip-address-space-overrides={ADDRESS}:{port}=public",
    ]


def login_address(demo: Demo) -> str:
    """Where the demo's portal would send its visitor."""
    query = {
        "response_type": "code",
        "client_id": PORTAL_CLIENT_ID,
        "redirect_uri": f"{demo.portal_url}/callback",
        "scope": "openid scope_all",
        "acr_values": "eidas1",
        "state": "s" * 22,
        "nonce": "n" * 22,
        # RFC 7636: the challenge of a verifier that nobody will need here.
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
    }
    return f"{demo.base_url}/auth/?{urlencode(query)}"


class Front(BaseHTTPRequestHandler):
    """One request in over TLS, one out in the clear, as a reverse proxy says it."""

    protocol_version = "HTTP/1.1"
    backend = 0

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        connection = http.client.HTTPConnection("127.0.0.1", self.backend, timeout=30)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP_BY_HOP}
        connection.request(
            self.command,
            self.path,
            body=self.rfile.read(length) if length else None,
            headers=headers | {"X-Forwarded-Proto": "https"},
        )
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """The demo keeps its own log."""


@contextmanager
def _tls_front(port: int, folder: Path) -> Iterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(folder))
    front = type("FrontOf", (Front,), {"backend": port})
    server = ThreadingHTTPServer((ADDRESS, port), front)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "tls.pem"
    path.write_bytes(
        certificate.public_bytes(Encoding.PEM)
        + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return path
