"""What the bridge refuses before it parses anything."""

import asyncio
import os
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cps_bridge.errors import SetupError
from cps_bridge.server import peer
from cps_bridge.server.application import take_port

from tests.bridge.page import CHALLENGE, BridgePage, connected

ORIGIN = "https://idp.example"


async def status_of(
    reader_page: BridgePage, path: str = "/v1/status", *, headers: dict[str, str] | None = None
) -> aiohttp.ClientResponse:
    async with reader_page.http.get(reader_page.base + path, headers=headers or {}) as answer:
        await answer.read()
        return answer


async def handshake(reader_page: BridgePage, **options: Any) -> int:
    """Return the status that a refused handshake got."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await reader_page.http.ws_connect(
            f"ws://127.0.0.1:{reader_page.port}/v1/ws", protocols=["cps-bridge.v1"], **options
        )
    return refused.value.status


async def test_status_names_the_bridge_to_an_allowed_origin(reader_page: BridgePage) -> None:
    async with reader_page.http.get(
        reader_page.base + "/v1/status", headers={"Origin": ORIGIN}
    ) as answer:
        content = await answer.json()
        assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert answer.headers["Vary"] == "Origin"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert content == {
        "bridge": "cps-bridge",
        "version": content["version"],
        "protocols": ["cps-bridge.v1"],
        "sandbox": True,
    }


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://idp.example.evil.test",
        "https://evil-idp.example",
        "http://idp.example",
        "https://idp.example:8443",
        "https://IDP.example",
        "https://idp.example/",
        "*",
    ],
)
async def test_any_other_origin_is_refused_and_never_reflected(
    reader_page: BridgePage, origin: str | None
) -> None:
    headers = {"Origin": origin} if origin else {}
    answer = await status_of(reader_page, headers=headers)
    assert answer.status == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert await handshake(reader_page, headers=headers) == 403


@pytest.mark.parametrize(
    "host", ["evil.test", "127.0.0.1", "localhost", "127.0.0.1:1", "idp.example:{port}", ""]
)
@pytest.mark.parametrize("path", ["/v1/status", "/sandbox/", "/nowhere"])
async def test_a_foreign_host_is_misdirected_on_every_path(
    reader_page: BridgePage, host: str, path: str
) -> None:
    headers = {"Host": host.format(port=reader_page.port), "Origin": ORIGIN}
    assert (await status_of(reader_page, path, headers=headers)).status == 421


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("OPTIONS", "/v1/status", 405)]
)
async def test_aiohttps_own_refusals_carry_our_headers(
    reader_page: BridgePage, method: str, path: str, status: int
) -> None:
    async with reader_page.http.request(method, reader_page.base + path) as answer:
        assert answer.status == status
        assert answer.headers["Server"] == "cps-bridge"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_foreign_host_cannot_open_the_socket(reader_page: BridgePage) -> None:
    headers = {"Host": "evil.test", "Origin": ORIGIN}
    assert await handshake(reader_page, headers=headers) == 421


async def test_localhost_is_a_name_of_this_computer(reader_page: BridgePage) -> None:
    headers = {"Host": f"localhost:{reader_page.port}", "Origin": ORIGIN}
    assert (await status_of(reader_page, headers=headers)).status == 200


async def test_another_user_of_this_computer_is_refused(
    reader_page: BridgePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cps_bridge.server.guard.os.getuid", lambda: os.geteuid() + 1)
    assert (await status_of(reader_page, headers={"Origin": ORIGIN})).status == 403
    assert (await status_of(reader_page, "/sandbox/")).status == 403


async def test_a_peer_that_the_kernel_does_not_know_is_refused(
    reader_page: BridgePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cps_bridge.server.peer.uid_of_peer", lambda _end, port: None)
    assert (await status_of(reader_page, headers={"Origin": ORIGIN})).status == 403


def test_the_kernel_table_is_read_by_both_ends_and_state(tmp_path: Path) -> None:
    line = "   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000 {uid} 0 1 1\n"
    ours = {"local": "0100007F:C350", "remote": "0100007F:60F1"}
    table = tmp_path / "tcp"
    table.write_text(
        "header\n"
        + line.format(local="0100007F:C350", remote="0100007F:0050", state="01", uid=1)
        + line.format(**ours, state="06", uid=0)
        + line.format(**ours, state="01", uid=1000)
    )
    end = ("127.0.0.1", 0xC350)
    assert peer.uid_of_peer(end, port=24817, tables=(table,)) == 1000
    assert peer.uid_of_peer(end, port=24818, tables=(table,)) is None
    assert peer.uid_of_peer(("127.0.0.1", 1), port=24817, tables=(table,)) is None
    assert peer.uid_of_peer(end, port=24817, tables=(tmp_path / "absent",)) is None


def test_an_ipv4_peer_on_an_ipv6_socket_is_found(tmp_path: Path) -> None:
    prefix = "0000000000000000FFFF0000"
    table = tmp_path / "tcp6"
    table.write_text(
        f"header\n 0: {prefix}0100007F:C350 {prefix}0100007F:60F1 01 0:0 0:0 0 1001 0 1 1\n"
    )
    assert peer.uid_of_peer(("127.0.0.1", 0xC350), port=24817, tables=(table,)) == 1001


@pytest.mark.parametrize("protocols", [(), ("cps-bridge.v0",), ("v10.pcsc",)])
async def test_a_wrong_subprotocol_closes_with_a_protocol_error(
    reader_page: BridgePage, protocols: tuple[str, ...]
) -> None:
    url = f"ws://127.0.0.1:{reader_page.port}/v1/ws"
    async with reader_page.http.ws_connect(url, protocols=protocols, origin=ORIGIN) as socket:
        message = await socket.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1002)


async def test_a_message_over_4_kib_closes_the_connection(reader_page: BridgePage) -> None:
    async with connected(reader_page.http, reader_page.port) as login:
        await login.socket.send_str(" " * 4097)
        message = await login.socket.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1009)


async def test_a_binary_frame_closes_the_connection(reader_page: BridgePage) -> None:
    async with connected(reader_page.http, reader_page.port) as login:
        await login.socket.send_bytes(b"{}")
        message = await login.socket.receive(timeout=5)
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1003)


async def test_a_get_changes_nothing(reader_page: BridgePage) -> None:
    for path in ("insert?card=doctor", "eject", "reset?card=doctor", "pin"):
        answer = await status_of(reader_page, f"/sandbox/{path}")
        assert answer.status == 405
    assert reader_page.bridge.state.inserted is None


async def test_too_many_open_pages_are_turned_away(reader_page: BridgePage) -> None:
    url = f"ws://127.0.0.1:{reader_page.port}/v1/ws"
    sockets = [
        await reader_page.http.ws_connect(url, protocols=["cps-bridge.v1"], origin=ORIGIN)
        for _ in range(32)
    ]
    assert await handshake(reader_page, origin=ORIGIN) == 503
    await asyncio.gather(*(socket.close() for socket in sockets))


def test_the_first_free_port_of_the_list_is_taken() -> None:
    ports = (24901, 24902)
    with take_port(ports) as first, take_port(ports) as second:
        assert (first.getsockname(), second.getsockname()) == (
            ("127.0.0.1", 24901),
            ("127.0.0.1", 24902),
        )
        with pytest.raises(SetupError, match=r"24901, 24902.*--ports"):
            take_port(ports)


async def test_the_socket_stays_open_for_an_allowed_page(reader_page: BridgePage) -> None:
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask(CHALLENGE)
        assert await login.next() == {"type": "progress", "state": "insert_card"}
