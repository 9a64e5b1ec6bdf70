"""The one client for calls to the outside: only the worker uses it, and no address inside is met.

The address is checked when the connection is made, on what the name resolves to then: a name that
changes its mind between a check and a connection (DNS rebinding) gains nothing.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpcore2
import httpx2
from django.conf import settings

from idp.core.errors import IdpError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundAnswer:
    """What came back, whole. A redirection is an answer like another: it is not followed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def send(
    *,
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    max_bytes: int = 64 * 1024,
    seconds: float = 10.0,
) -> OutboundAnswer:
    """One request. Raises IdpError("outbound_failed") for any reason, with the reason in detail.

    `seconds` bounds the whole exchange; an answer longer than `max_bytes` is refused.
    """
    _check_url(url)
    try:
        with (
            _client(seconds) as client,
            client.stream(method, url, headers=dict(headers or {}), content=content) as response,
        ):
            return OutboundAnswer(
                status=response.status_code,
                headers=dict(response.headers),
                body=_read(response, max_bytes),
            )
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        raise _failed(f"{type(error).__name__}: {error}") from error


def is_public(address: Address) -> bool:
    """A public unicast address; one that wraps another counts as the one inside."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        inside = address.ipv4_mapped or address.sixtofour
        if inside is not None:
            return is_public(inside)
        if address.teredo is not None:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError as error:
        raise _failed("malformed address") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise _failed("only http and https are called")
    if parts.username is not None or parts.password is not None:
        raise _failed("an address carries no password")


def _client(seconds: float) -> httpx2.Client:
    transport = httpx2.HTTPTransport(trust_env=False)
    # httpx2 offers no public place for a network backend; the pool is where it goes.
    transport._pool = httpcore2.ConnectionPool(
        ssl_context=httpx2.create_ssl_context(trust_env=False),
        network_backend=_GuardedNetwork(seconds),
    )
    return httpx2.Client(
        transport=transport,
        timeout=seconds,
        follow_redirects=False,
        trust_env=False,
        # No compression: a small answer cannot unfold into a large one.
        headers={"User-Agent": "Hygie", "Accept-Encoding": "identity"},
    )


def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _failed("a compressed answer")
    body = bytearray()
    for part in response.iter_raw():
        body += part
        if len(body) > max_bytes:
            raise _failed(f"more than {max_bytes} bytes")
    return bytes(body)


class _GuardedNetwork(httpcore2.NetworkBackend):
    """Resolves, judges every address, and connects to the very one that was judged."""

    def __init__(self, seconds: float) -> None:
        self._network = httpcore2.SyncBackend()
        self._deadline = time.monotonic() + seconds

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._network.connect_tcp(
            _resolve(host, port),
            port,
            timeout=_left(self._deadline),
            socket_options=socket_options,
        )
        return _TimedStream(stream, self._deadline)

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        raise _failed("no Unix sockets")


class _TimedStream(httpcore2.NetworkStream):
    """A connection with one deadline for everything: an answer that drips does not hold us."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout=_left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout=_left(self._deadline))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(
            ssl_context, server_hostname=server_hostname, timeout=_left(self._deadline)
        )
        return _TimedStream(stream, self._deadline)

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise _failed("too slow")
    return left


def _resolve(host: str, port: int) -> str:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _failed(f"{host} does not resolve") from error
    texts = [str(entry[4][0]) for entry in found]
    # The sandbox fetches from its own machine. Elsewhere one inside address spoils the name.
    if not settings.HYGIE.is_sandbox:
        for text in texts:
            if not is_public(ipaddress.ip_address(text)):
                raise _failed(f"{host} leads to an inside address")
    return texts[0]


def _failed(detail: str) -> IdpError:
    return IdpError("outbound_failed", "", detail=detail, status=502)
