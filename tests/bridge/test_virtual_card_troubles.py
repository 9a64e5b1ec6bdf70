"""What goes wrong around a card: each has a clear refusal, and the bridge works afterwards."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from random import Random

import pytest
from cps_bridge.authentication import Limits

from tests.bridge.pki import pair, rsa_key, signature_pair
from tests.bridge.scripted import verified
from tests.bridge.virtual_desk import PIN, VirtualDesk, error, key_pair, virtual_card
from tests.emulators.piv_card import ATR, SIGNATURE, PivCard
from tests.emulators.vpcd import PulledError, SmartCard

Start = Callable[..., Awaitable[int]]
NOISE = Random(7816)


class OddCard:
    """A card with a PIV card's ATR that answers any command with `answer`, or never."""

    def __init__(self, answer: Callable[[], bytes], *, atr: bytes = ATR) -> None:
        self.atr = atr
        self._answer = answer

    def power(self, *, on: bool) -> None:
        """Nothing to lose."""

    def transmit(self, apdu: bytes) -> bytes:
        return self._answer()


@pytest.mark.parametrize(
    ("odd", "code"),
    [
        (PivCard({}), "NO_AUTH_CERTIFICATE"),
        (PivCard({SIGNATURE: key_pair(signature_pair())}), "NO_AUTH_CERTIFICATE"),
        (OddCard(lambda: b"\x6f\x00"), "NO_AUTH_CERTIFICATE"),
        (OddCard(lambda: b"\x90"), "NO_AUTH_CERTIFICATE"),
        (OddCard(lambda: NOISE.randbytes(40)), "NO_AUTH_CERTIFICATE"),
    ],
    ids=["empty", "for signing only", "errors", "too short", "garbage"],
)
async def test_a_card_that_cannot_log_in_is_said_to_be_one(
    virtual_desk: VirtualDesk, odd: SmartCard, code: str
) -> None:
    virtual_desk.daemon.insert(odd)
    assert await virtual_desk.log_in(PIN) == error(code)
    assert virtual_desk.asked == []
    await virtual_desk.logs_in_with(virtual_card())


async def test_a_card_that_does_not_say_what_it_is_cannot_be_read(
    virtual_desk: VirtualDesk,
) -> None:
    reached = threading.Event()

    class Mute(OddCard):
        def power(self, *, on: bool) -> None:
            reached.set()

    virtual_desk.daemon.slots[0].insert(Mute(lambda: b"", atr=b"\xde\xad\xbe\xef"))
    assert await asyncio.to_thread(reached.wait, 20)
    assert await virtual_desk.log_in(PIN) == error("CARD_ERROR")
    await virtual_desk.logs_in_with(virtual_card())


async def test_a_card_that_never_answers_ends_in_a_time_out(
    virtual_desk: VirtualDesk, start_bridge: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cps_bridge.desk.SPARE_SECONDS", 8.0)
    virtual_desk.port = await start_bridge(
        reader=virtual_desk.reader, prompt=virtual_desk.prompt, limits=Limits(insert=1, pin=1)
    )
    pulled = threading.Event()

    def wait_for_the_pull() -> bytes:
        pulled.wait()
        raise PulledError

    virtual_desk.daemon.insert(OddCard(wait_for_the_pull))
    try:
        assert await virtual_desk.log_in(PIN) == error("TIMEOUT")
        # The card thread still waits; the pages are served.
        assert await virtual_desk.log_in(PIN) == error("BUSY")
    finally:
        pulled.set()
    await virtual_desk.logs_in_with(virtual_card())


async def test_a_card_service_that_dies_while_a_card_is_awaited(virtual_desk: VirtualDesk) -> None:
    daemon = virtual_desk.daemon
    assert await virtual_desk.log_in(PIN, on_insert_card=daemon.kill) == error("NO_READER")
    daemon.start()
    await virtual_desk.logs_in_with(virtual_card())


async def test_a_card_service_that_restarts_while_a_card_is_awaited(
    virtual_desk: VirtualDesk,
) -> None:
    daemon = virtual_desk.daemon

    def restart() -> None:
        daemon.kill()
        daemon.start()
        daemon.insert(virtual_card())

    answer = await virtual_desk.log_in(PIN, on_insert_card=restart)
    assert verified(answer["token"])


async def test_a_card_service_that_dies_while_the_pin_is_asked(virtual_desk: VirtualDesk) -> None:
    daemon, card = virtual_desk.daemon, virtual_card()
    daemon.insert(card)
    assert await virtual_desk.log_in(PIN, meanwhile=daemon.kill) == error("CARD_REMOVED")
    assert card.pins_presented == 0
    daemon.eject()
    assert await virtual_desk.log_in(PIN) == error("NO_READER")
    daemon.start()
    await virtual_desk.logs_in_with(card)


async def test_a_reader_that_is_unplugged_while_a_card_is_awaited(
    virtual_desk: VirtualDesk,
) -> None:
    daemon = virtual_desk.daemon

    def unplug() -> None:
        daemon.stop()
        daemon.start(readers=False)

    assert await virtual_desk.log_in(PIN, on_insert_card=unplug) == error("NO_READER")
    assert await virtual_desk.log_in(PIN) == error("NO_READER")
    daemon.stop()
    daemon.start()
    await virtual_desk.logs_in_with(virtual_card())


async def test_of_two_cards_the_first_readers_is_used_unless_it_cannot_log_in(
    virtual_desk: VirtualDesk,
) -> None:
    daemon = virtual_desk.daemon
    first, second = virtual_card(), virtual_card(pair(rsa_key("another")))
    daemon.insert(first, slot=0)
    daemon.insert(second, slot=1)
    assert verified((await virtual_desk.log_in(PIN))["token"])
    assert (first.signatures, second.signatures) == (1, 0)
    daemon.eject(slot=0)
    daemon.insert(PivCard({SIGNATURE: key_pair(signature_pair())}), slot=0)
    assert verified((await virtual_desk.log_in(PIN))["token"])
    assert (first.signatures, second.signatures) == (1, 1)
