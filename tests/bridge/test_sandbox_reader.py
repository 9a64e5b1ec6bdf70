"""A login with the sandbox reader, over HTTP and WebSocket, as a newcomer meets it."""

import base64
import json
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cps_bridge import web_eid
from cps_bridge.errors import SetupError
from cps_bridge.sandbox.reader import SandboxCard
from cps_bridge.sandbox.state import State
from cryptography import x509

from tests.bridge.page import CHALLENGE, ORIGIN, BridgePage, connected


def verified(token: dict[str, Any]) -> bool:
    certificate = x509.load_der_x509_certificate(base64.b64decode(token["unverifiedCertificate"]))
    return web_eid.signature_matches(
        certificate,
        signature=base64.b64decode(token["signature"]),
        message=web_eid.signed_message(origin=ORIGIN, challenge=CHALLENGE),
    )


@pytest.mark.parametrize(("card", "algorithm"), [("doctor", "RS256"), ("midwife", "ES256")])
async def test_a_card_inserted_on_demand_and_a_right_code_give_a_token(
    reader_page: BridgePage, card: str, algorithm: str
) -> None:
    async with connected(reader_page.http, reader_page.port) as login:
        assert login.status == {"type": "status", "card": "absent", "pin_pad": True}
        await login.ask()
        assert await login.next() == {"type": "progress", "state": "insert_card"}
        assert "● Carte attendue" in await reader_page.html()
        await reader_page.insert(card)
        assert await login.next() == {"type": "progress", "state": "pin", "code": "0132"}
        await reader_page.question()
        html = await reader_page.html()
        assert "● Code demandé" in html
        assert ORIGIN in html
        assert "0132" in html
        assert await reader_page.answer("1234") == 204
        message = await login.next()
    assert message["type"] == "token"
    assert message["token"]["algorithm"] == algorithm
    assert verified(message["token"])


async def test_three_wrong_codes_block_the_card_and_the_page_says_how_to_unblock(
    reader_page: BridgePage,
) -> None:
    await reader_page.insert("doctor")
    assert await reader_page.log_in("0000") == {
        "type": "error",
        "code": "PIN_INCORRECT",
        "low_tries": True,
    }
    assert await reader_page.log_in("0000") == {
        "type": "error",
        "code": "PIN_INCORRECT",
        "low_tries": True,
        "final_try": True,
    }
    assert await reader_page.log_in("0000", confirm=True) == {"type": "error", "code": "PIN_LOCKED"}
    html = await reader_page.html()
    assert "code de déblocage à 8 chiffres" in html
    assert "CPAM" in html
    assert "CPS Info Service" in html
    # The right code no longer helps, and is no longer asked.
    assert await reader_page.log_in("1234") == {"type": "error", "code": "PIN_LOCKED"}
    async with connected(reader_page.http, reader_page.port) as login:
        assert login.status["card"] == "locked"


async def test_the_last_try_wants_an_explicit_confirmation(reader_page: BridgePage) -> None:
    await reader_page.insert("doctor")
    await reader_page.log_in("0000")
    await reader_page.log_in("0000")
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        first = await reader_page.question()
        assert "dernier essai" in await reader_page.html()
        await reader_page.answer("1234")
        await reader_page.question(after=first)
        assert reader_page.bridge.state.tries("doctor") == 1
        await reader_page.answer("1234", confirm=True)
        assert (await login.next())["type"] == "token"
    assert reader_page.bridge.state.tries("doctor") == 3


@pytest.mark.parametrize("typed", ["", "12", "12a4", "١٢٣٤", "123456789", " 1234"])
async def test_what_is_not_a_code_burns_no_try(reader_page: BridgePage, typed: str) -> None:
    await reader_page.insert("doctor")
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        first = await reader_page.question()
        await reader_page.answer(typed)
        await reader_page.question(after=first)
        assert reader_page.bridge.state.tries("doctor") == 3
        await reader_page.cancel()
        assert await login.next() == {"type": "error", "code": "USER_CANCELLED"}


async def test_a_right_code_gives_the_tries_back(reader_page: BridgePage) -> None:
    await reader_page.insert("doctor")
    await reader_page.log_in("0000")
    await reader_page.log_in("1234")
    assert reader_page.bridge.state.tries("doctor") == 3


async def test_a_card_pulled_while_the_code_is_asked_ends_the_login(
    reader_page: BridgePage,
) -> None:
    await reader_page.insert("doctor")
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        assert await reader_page.post("eject") == 204
        assert await login.next() == {"type": "error", "code": "CARD_REMOVED"}


async def test_a_swapped_card_never_answers_for_the_one_that_was_asked(
    reader_page: BridgePage,
) -> None:
    await reader_page.insert("doctor")
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        await reader_page.insert("midwife")
        assert await login.next() == {"type": "error", "code": "CARD_REMOVED"}


async def test_a_card_pulled_and_put_back_counts_as_pulled(reader_page: BridgePage) -> None:
    await reader_page.insert("doctor")
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        reader_page.bridge.reader.eject()
        reader_page.bridge.reader.insert("doctor")
        assert await login.next() == {"type": "error", "code": "CARD_REMOVED"}


async def test_a_signature_only_card_is_refused_before_any_code(reader_page: BridgePage) -> None:
    await reader_page.insert("signature")
    assert await reader_page.log_in("1234") == {"type": "error", "code": "NO_AUTH_CERTIFICATE"}


async def test_a_second_page_is_told_that_the_card_is_busy(reader_page: BridgePage) -> None:
    await reader_page.insert("doctor")
    async with (
        connected(reader_page.http, reader_page.port) as first,
        connected(reader_page.http, reader_page.port) as other,
    ):
        await first.ask()
        await first.next()
        await other.ask()
        assert await other.next() == {"type": "error", "code": "BUSY"}
        await first.ask()
        assert await first.next() == {"type": "error", "code": "BUSY"}
        await reader_page.answer("1234")
        assert (await first.next())["type"] == "token"


async def test_closing_the_page_cancels_its_question_and_frees_the_card(
    reader_page: BridgePage,
) -> None:
    await reader_page.insert("doctor")
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        await reader_page.question()
    # A page that is reloaded asks again at once.
    assert (await reader_page.log_in("1234"))["type"] == "token"


async def test_a_fault_of_the_bridge_closes_the_page_s_connection(
    reader_page: BridgePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_state: State) -> None:
        raise OSError("disk full")

    await reader_page.insert("doctor")
    monkeypatch.setattr(State, "_save", full)
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask()
        await login.next()
        await reader_page.answer("1234")
        closed = await login.socket.receive(timeout=5)
        assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, 1011)


async def test_a_short_challenge_is_refused(reader_page: BridgePage) -> None:
    async with connected(reader_page.http, reader_page.port) as login:
        await login.ask("c2hvcnQ=")
        assert await login.next() == {"type": "error", "code": "BAD_CHALLENGE"}


async def test_no_card_in_time_is_an_absent_card(
    reader_page: BridgePage, start_bridge: Any
) -> None:
    from cps_bridge.authentication import Limits

    bridge = reader_page.bridge
    port = await start_bridge(
        reader=bridge.reader, prompt=bridge.pad, limits=Limits(insert=0.2, pin=0.2)
    )
    async with connected(reader_page.http, port) as login:
        await login.ask()
        await login.next()
        assert await login.next() == {"type": "error", "code": "CARD_ABSENT"}
        await reader_page.insert("doctor")
        await login.ask()
        await login.next()
        assert await login.next() == {"type": "error", "code": "TIMEOUT"}


async def test_the_block_and_the_inserted_card_survive_a_restart(reader_page: BridgePage) -> None:
    await reader_page.insert("doctor")
    for _ in range(3):
        await reader_page.log_in("0000", confirm=True)
    path = reader_page.bridge.state._path
    restored = State(path, card_ids=reader_page.bridge.reader.cards)
    assert (restored.inserted, restored.tries("doctor")) == ("doctor", 0)
    assert not restored.spend_try("doctor")
    assert json.loads(path.read_text())["tries"]["doctor"] == 0
    assert list(path.parent.glob(".state-*")) == []


async def test_reset_makes_a_blocked_card_new(reader_page: BridgePage) -> None:
    await reader_page.insert("doctor")
    for _ in range(3):
        await reader_page.log_in("0000", confirm=True)
    assert 'id="reset-doctor"' in await reader_page.html()
    assert await reader_page.post("reset", {"card": "doctor"}) == 204
    assert (await reader_page.log_in("1234"))["type"] == "token"


@pytest.mark.parametrize(
    "content",
    ["", "[]", '{"inserted":null}', '{"inserted":null,"tries":{"doctor":9}}', '{"tries":1}'],
)
def test_a_damaged_state_file_is_named_not_ignored(tmp_path: Path, content: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(SetupError, match=r"state\.json"):
        State(path, card_ids=["doctor"])


def test_a_try_is_spent_on_disk_before_the_code_is_compared(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = State(path, card_ids=["doctor"])
    assert state.spend_try("doctor")
    assert State(path, card_ids=["doctor"]).tries("doctor") == 2


async def test_a_card_seen_while_it_is_being_inserted_is_a_card_that_stays(
    reader_page: BridgePage,
) -> None:
    """The card's thread may look at the slot in the middle of the page's move."""
    reader, state = reader_page.bridge.reader, reader_page.bridge.state
    seen: list[SandboxCard | None] = []
    thread = threading.Thread(target=lambda: seen.append(reader.find_card()))
    save = state.insert

    def insert(card_id: str | None) -> None:
        save(card_id)
        thread.start()
        thread.join(0.2)

    state.insert = insert  # type: ignore[method-assign]
    reader.insert("doctor")
    thread.join()
    (card,) = seen
    assert card is not None
    assert card.is_present()
