"""The bridge over a real PC/SC stack: pcscd, a virtual reader and card, OpenSC's PKCS#11 module.

Each test has a pcscd of its own.  All in one file, which `--dist loadfile` gives to one process:
where no mount namespace can be had, the daemon is the machine's, and there can only be one.
"""

import asyncio
import time
from collections.abc import Callable

import pytest
from cps_bridge.reader import Tries

from tests.bridge.pki import Pair, authentication_pair, ec_pair, pair, rsa_key
from tests.bridge.scripted import verified
from tests.bridge.virtual_desk import (
    PIN,
    WRONG_PIN,
    VirtualDesk,
    unblock,
    until,
    virtual_card,
)
from tests.emulators.iso7816 import Command
from tests.emulators.piv_card import PivCard
from tests.emulators.vpcd import PulledError

TARGET_SECONDS = 1.0
VERIFY, GENERAL_AUTHENTICATE = 0x20, 0x87


def pulled_at(instruction: int) -> Callable[[Command], None]:
    """The card leaves the reader when this command reaches it (VERIFY: with a PIN)."""

    def leave(command: Command) -> None:
        if command.ins == instruction and command.data:
            raise PulledError

    return leave


def error(code: str, **more: bool) -> dict[str, object]:
    return {"type": "error", "code": code, **more}


@pytest.mark.parametrize(
    ("held", "algorithm"), [(authentication_pair, "RS256"), (ec_pair, "ES256")]
)
async def test_a_card_logs_in_again_and_again(
    virtual_desk: VirtualDesk,
    record_property: Callable[[str, object], None],
    held: Callable[[], Pair],
    algorithm: str,
) -> None:
    card = virtual_card(held())
    virtual_desk.slot.insert(card)
    await virtual_desk.shows("present")
    asked_at = 0.0

    def note_time() -> None:
        nonlocal asked_at
        asked_at = time.monotonic()

    for round_ in (1, 2, 3):
        answer = await virtual_desk.log_in(PIN, meanwhile=note_time)
        seconds = time.monotonic() - asked_at
        record_property(
            "figure", f"{algorithm}, virtual card, PIN to token, {round_}: {seconds:.2f} s"
        )
        assert answer["type"] == "token", answer
        assert answer["token"]["algorithm"] == algorithm
        assert verified(answer["token"])
        # One challenge: one PIN sent to the card, one signature.
        assert (card.pins_presented, card.signatures) == (round_, round_)


async def test_the_card_forgets_the_pin_after_each_login(virtual_desk: VirtualDesk) -> None:
    card = virtual_card()
    virtual_desk.slot.insert(card)
    assert (await virtual_desk.log_in(PIN))["type"] == "token"
    # Another program of the same person must not go on signing where the bridge has finished.
    await until(lambda: not card.is_verified)


async def test_three_wrong_pins_lock_and_the_puk_unlocks(virtual_desk: VirtualDesk) -> None:
    card = virtual_card()
    virtual_desk.slot.insert(card)
    # OpenSC's module raises no flag for the first wrong PIN of a PIV card.
    assert await virtual_desk.log_in(WRONG_PIN) == error("PIN_INCORRECT")
    second = await virtual_desk.log_in(WRONG_PIN)
    assert second == error("PIN_INCORRECT", low_tries=True, final_try=True)
    assert await virtual_desk.log_in(WRONG_PIN, confirm=True) == error("PIN_LOCKED")
    assert virtual_desk.asked == [Tries.FINAL]
    await virtual_desk.shows("locked")
    # The right PIN is not even asked for.
    assert await virtual_desk.log_in(PIN) == error("PIN_LOCKED")
    assert (virtual_desk.asked, card.pin.left, card.pins_presented) == ([], 0, 3)

    await asyncio.to_thread(unblock, "4321", virtual_desk.daemon.environment)
    await virtual_desk.shows("present")
    assert verified((await virtual_desk.log_in("4321"))["token"])
    assert virtual_desk.asked == [Tries.FULL]


async def test_a_lock_outlives_a_removal(virtual_desk: VirtualDesk) -> None:
    card = virtual_card()
    virtual_desk.slot.insert(card)
    for _ in range(3):
        await virtual_desk.log_in(WRONG_PIN, confirm=True)
    virtual_desk.slot.eject()
    await virtual_desk.shows("absent")
    virtual_desk.slot.insert(card)
    await virtual_desk.shows("locked")
    assert await virtual_desk.log_in(PIN) == error("PIN_LOCKED")


async def test_a_card_locked_elsewhere_is_found_out_by_its_answer(
    virtual_desk: VirtualDesk,
) -> None:
    card = virtual_card()
    card.pin.left = 0
    virtual_desk.slot.insert(card)
    assert await virtual_desk.log_in(PIN, confirm=True) == error("PIN_LOCKED")
    assert card.signatures == 0
    # From now on it is known.
    await virtual_desk.shows("locked")


async def test_the_last_try_is_confirmed_and_the_right_pin_gives_all_back(
    virtual_desk: VirtualDesk,
) -> None:
    card = virtual_card()
    card.pin.left = 1
    virtual_desk.slot.insert(card)
    unconfirmed = await virtual_desk.log_in(*[WRONG_PIN] * 5)
    assert unconfirmed == error("USER_CANCELLED")
    assert (card.pin.left, card.pins_presented) == (1, 0)
    assert (await virtual_desk.log_in(PIN, confirm=True))["type"] == "token"
    assert (await virtual_desk.log_in(PIN))["type"] == "token"
    assert virtual_desk.asked == [Tries.FULL]
    assert card.pin.left == 3


async def test_a_card_is_awaited_and_seen_when_it_comes(virtual_desk: VirtualDesk) -> None:
    card = virtual_card()
    answer = await virtual_desk.log_in(PIN, on_insert_card=lambda: virtual_desk.slot.insert(card))
    assert verified(answer["token"])


async def test_a_card_pulled_while_its_pin_is_asked(virtual_desk: VirtualDesk) -> None:
    card = virtual_card()
    virtual_desk.slot.insert(card)
    assert await virtual_desk.log_in(meanwhile=virtual_desk.slot.eject) == error("CARD_REMOVED")
    await logs_in_after_reinsertion(virtual_desk, card)
    assert card.pins_presented == 1


@pytest.mark.parametrize(
    ("instruction", "presented"),
    [(VERIFY, 0), (GENERAL_AUTHENTICATE, 1)],
    ids=["with the PIN on its way", "in mid-signature"],
)
async def test_a_card_pulled_at_work(
    virtual_desk: VirtualDesk, instruction: int, presented: int
) -> None:
    card = virtual_card()
    card.before = pulled_at(instruction)
    virtual_desk.slot.insert(card)
    assert await virtual_desk.log_in(PIN) == error("CARD_REMOVED")
    # No try burnt, nothing signed.
    assert (card.pin.left, card.pins_presented, card.signatures) == (3, presented, 0)
    card.before = lambda _command: None
    await logs_in_after_reinsertion(virtual_desk, card)


async def logs_in_after_reinsertion(virtual_desk: VirtualDesk, card: PivCard) -> None:
    virtual_desk.slot.eject()
    await virtual_desk.shows("absent")
    virtual_desk.slot.insert(card)
    await virtual_desk.shows("present")
    assert verified((await virtual_desk.log_in(PIN))["token"])


async def test_another_card_never_gets_the_first_ones_pin(virtual_desk: VirtualDesk) -> None:
    first, second = virtual_card(), virtual_card(pair(rsa_key("another")))
    virtual_desk.slot.insert(first)

    def swap() -> None:
        virtual_desk.slot.eject()
        virtual_desk.slot.insert(second)

    assert await virtual_desk.log_in(PIN, meanwhile=swap) == error("CARD_REMOVED")
    assert (first.pins_presented, second.pins_presented) == (0, 0)
    # The card that is in now logs in under its own certificate.
    await virtual_desk.shows("present")
    assert verified((await virtual_desk.log_in(PIN))["token"])
    assert (first.signatures, second.signatures) == (0, 1)


async def test_the_same_card_put_back_gets_the_pin_once(virtual_desk: VirtualDesk) -> None:
    card = virtual_card()
    virtual_desk.slot.insert(card)

    def reinsert() -> None:
        virtual_desk.slot.eject()
        virtual_desk.slot.insert(card)
        virtual_desk.prompt.meanwhile = lambda: None

    # The module may notice only when the PIN was typed: then it is asked anew, never replayed.
    answer = await virtual_desk.log_in(PIN, PIN, meanwhile=reinsert)
    assert verified(answer["token"])
    assert card.pins_presented == 1
