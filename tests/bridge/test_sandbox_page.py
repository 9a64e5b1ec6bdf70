"""The reader's page: its guard, and what it says."""

import json
import re

import aiohttp
import pytest

from tests.bridge.page import BridgePage, connected

ACTS = [
    ("insert", {"card": "doctor"}),
    ("eject", {}),
    ("reset", {"card": "doctor"}),
    ("pin", {"question": "x", "action": "cancel"}),
]


@pytest.mark.parametrize(("path", "fields"), ACTS)
@pytest.mark.parametrize("csrf", ["", "wrong", "é"])
async def test_an_act_without_the_page_token_is_refused(
    reader_page: BridgePage, path: str, fields: dict[str, str], csrf: str
) -> None:
    assert await reader_page.post(path, fields, csrf=csrf) == 403
    assert reader_page.bridge.state.inserted is None


@pytest.mark.parametrize(("path", "fields"), ACTS)
@pytest.mark.parametrize(
    "origin", ["https://idp.example", "null", "http://127.0.0.1:1", "http://evil.test"]
)
async def test_an_act_from_another_origin_is_refused_even_with_the_token(
    reader_page: BridgePage, path: str, fields: dict[str, str], origin: str
) -> None:
    assert await reader_page.post(path, fields, headers={"Origin": origin}) == 403
    assert reader_page.bridge.state.inserted is None


async def test_an_act_from_the_other_name_of_this_computer_is_cross_origin(
    reader_page: BridgePage,
) -> None:
    origin = f"http://localhost:{reader_page.port}"
    assert await reader_page.post("insert", {"card": "doctor"}, headers={"Origin": origin}) == 403


async def test_an_act_without_origin_is_refused(reader_page: BridgePage) -> None:
    async with reader_page.http.post(
        f"{reader_page.base}/sandbox/insert",
        data={"csrf": await reader_page.csrf(), "card": "doctor"},
    ) as answer:
        assert answer.status == 403


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded; charset=nowhere", b"card=doctor"),
        ("multipart/form-data; boundary=x", b"--x\r\n"),
        ("multipart/form-data", b"card"),
        ("application/x-www-form-urlencoded", b"csrf=%ff&card=%00"),
    ],
)
async def test_a_malformed_form_is_refused(reader_page: BridgePage, kind: str, body: bytes) -> None:
    async with reader_page.http.post(
        f"{reader_page.base}/sandbox/insert",
        data=body,
        headers={"Origin": reader_page.base, "Content-Type": kind},
    ) as answer:
        assert answer.status in {400, 403}
    assert reader_page.bridge.state.inserted is None


async def test_a_browser_without_script_gets_the_page_again(reader_page: BridgePage) -> None:
    async with reader_page.http.post(
        f"{reader_page.base}/sandbox/insert",
        data={"csrf": await reader_page.csrf(), "card": "doctor"},
        headers={"Origin": reader_page.base},
        allow_redirects=False,
    ) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/sandbox/")


async def test_an_unknown_card_is_not_found(reader_page: BridgePage) -> None:
    assert await reader_page.post("insert", {"card": "../doctor"}) == 404
    assert await reader_page.post("reset", {"card": "nobody"}) == 404


async def test_an_old_question_cannot_be_answered(reader_page: BridgePage) -> None:
    await reader_page.insert("doctor")
    assert await reader_page.post("pin", {"question": "old", "pin": "1234", "action": "ok"}) == 409
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        assert (
            await reader_page.post("pin", {"question": "old", "pin": "1234", "action": "ok"}) == 409
        )
        assert reader_page.bridge.state.tries("doctor") == 3


async def test_the_page_forbids_inline_code_and_framing(reader_page: BridgePage) -> None:
    async with reader_page.http.get(f"{reader_page.base}/sandbox/") as answer:
        policy = answer.headers["Content-Security-Policy"]
        html = await answer.text()
        assert "Access-Control-Allow-Origin" not in answer.headers
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert " style=" not in html
    assert re.search(r"<script(?![^>]* src=)", html) is None
    assert re.search(r"\son[a-z]+=", html) is None


async def test_the_page_carries_test_and_every_card(reader_page: BridgePage) -> None:
    html = await reader_page.html()
    assert "<strong>TEST</strong>" in html
    for card_id in ("doctor", "midwife", "signature"):
        assert f'id="card-{card_id}"' in html


async def test_what_is_printed_on_a_card_is_escaped(reader_page: BridgePage) -> None:
    assert "N&#x27;Diaye" in await reader_page.html()


async def test_only_the_page_itself_may_follow_the_events(reader_page: BridgePage) -> None:
    for site in ("cross-site", "same-site", "none"):
        async with reader_page.http.get(
            f"{reader_page.base}/sandbox/events", headers={"Sec-Fetch-Site": site}
        ) as answer:
            assert answer.status == 403


async def test_an_insertion_reaches_an_open_page_at_once(reader_page: BridgePage) -> None:
    async with reader_page.http.get(f"{reader_page.base}/sandbox/events") as answer:
        assert "Prêt" in (await next_scene(answer))["screen"]
        await reader_page.insert("doctor")
        assert "Carte en place" in (await next_scene(answer))["screen"]


@pytest.mark.parametrize("name", ["reader.css", "reader.js", "icon.svg", "atkinson.woff2"])
async def test_the_page_files_are_served(reader_page: BridgePage, name: str) -> None:
    async with reader_page.http.get(f"{reader_page.base}/sandbox/static/{name}") as answer:
        assert answer.status == 200


@pytest.mark.parametrize("name", ["..%2fpage.py", "atkinson-OFL.txt", "%2e%2e%2fview.py"])
async def test_no_other_file_is_served(reader_page: BridgePage, name: str) -> None:
    async with reader_page.http.get(f"{reader_page.base}/sandbox/static/{name}") as answer:
        assert answer.status == 404


async def next_scene(answer: aiohttp.ClientResponse) -> dict[str, str]:
    while True:
        line = await answer.content.readline()
        if line.startswith(b"data: "):
            scene: dict[str, str] = json.loads(line[6:])
            return scene
