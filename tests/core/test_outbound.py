"""Calls to the outside reach public addresses only, end in time, and stay small."""

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore2
import pytest
from pytest_django import Settings

from idp.configuration import Mode
from idp.core import outbound
from idp.core.errors import IdpError

Respond = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """An http server on loopback that remembers who called."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.released = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.paths.append(self.path)
                outer.respond(self)

            def log_message(self, *_arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def respond(self, handler: BaseHTTPRequestHandler) -> None:
        match handler.path:
            case "/redirect":
                handler.send_response(302)
                handler.send_header("Location", f"{self.url}/inside")
                handler.end_headers()
            case "/compressed":
                handler.send_response(200)
                handler.send_header("Content-Encoding", "gzip")
                handler.end_headers()
                handler.wfile.write(b"x")
            case "/slow":
                handler.send_response(200)
                handler.end_headers()
                handler.wfile.write(b"x")
                handler.wfile.flush()
                self.released.wait(5)
            case "/large":
                handler.send_response(200)
                handler.end_headers()
                handler.wfile.write(b"x" * 1001)
            case _:
                handler.send_response(200)
                handler.end_headers()
                handler.wfile.write(b"hello")

    def stop(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def production(settings: Settings) -> None:
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION, base_url="https://idp.example")


def refusal(url: str, **options: float) -> str:
    with pytest.raises(IdpError, match="outbound_failed") as error:
        outbound.send(url=url, **options)  # type: ignore[arg-type]
    return error.value.detail


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
    ],
)
def test_an_inside_address_is_not_public(text: str) -> None:
    assert not outbound.is_public(ipaddress.ip_address(text))


@pytest.mark.parametrize(
    "text", ["193.52.1.1", "8.8.8.8", "2a01:e0a::1", "64:ff9b::808:808", "::ffff:8.8.8.8"]
)
def test_a_public_address_is_public(text: str) -> None:
    assert outbound.is_public(ipaddress.ip_address(text))


def test_the_sandbox_may_call_its_own_machine(server: Server) -> None:
    answer = outbound.send(url=f"{server.url}/list.crl")
    assert (answer.status, answer.body) == (200, b"hello")


def test_production_never_calls_its_own_machine(server: Server, production: None) -> None:
    assert "inside" in refusal(f"{server.url}/list.crl")
    assert "inside" in refusal(server.url.replace("127.0.0.1", "localhost"))
    assert server.paths == []


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "0177.0.0.1", "[::1]", "127.1"])
def test_no_spelling_of_loopback_gets_through(production: None, host: str) -> None:
    assert refusal(f"http://{host}:9/")


def resolve_to(monkeypatch: pytest.MonkeyPatch, *texts: str) -> None:
    def getaddrinfo(_host: str, port: int, **_options: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, port)) for text in texts]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


def test_a_name_with_one_inside_address_is_refused(
    production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "93.184.216.34", "10.0.0.1")
    assert "inside" in refusal("http://crl.example/list.crl")


def test_the_address_called_is_the_one_that_was_judged(
    production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, "93.184.216.34")
    called: list[str] = []

    def connect_tcp(_self: object, host: str, *_arguments: object, **_options: object) -> None:
        called.append(host)
        raise httpcore2.ConnectError("no network in tests")

    monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", connect_tcp)
    refusal("http://crl.example/list.crl")
    assert called == ["93.184.216.34"]


def test_a_redirection_is_an_answer_and_is_not_followed(server: Server) -> None:
    answer = outbound.send(url=f"{server.url}/redirect")
    assert (answer.status, server.paths) == (302, ["/redirect"])


def test_an_answer_beyond_the_limit_is_refused(server: Server) -> None:
    assert len(outbound.send(url=f"{server.url}/large", max_bytes=1001).body) == 1001
    assert "1000 bytes" in refusal(f"{server.url}/large", max_bytes=1000)


def test_an_answer_that_never_ends_is_left(server: Server) -> None:
    assert refusal(f"{server.url}/slow", seconds=0.2)


def test_a_compressed_answer_is_refused(server: Server) -> None:
    assert "compressed" in refusal(f"{server.url}/compressed")


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "ldap://annuaire.example/",
        "//example.org/",
        "http://",
        "http://user:secret@example.org/",
        "http://example.org:port/",
        "http://[::1/",
        "",
    ],
)
def test_only_plain_http_addresses_are_called(url: str) -> None:
    assert refusal(url)


def test_a_name_that_does_not_resolve_is_a_refusal() -> None:
    assert "resolve" in refusal("http://nowhere.invalid/")
