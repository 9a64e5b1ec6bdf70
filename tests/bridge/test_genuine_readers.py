"""What the genuine CPS library makes necessary, second part: removal, services, other programs."""

import asyncio
import threading
from pathlib import Path

import pytest
from cps_bridge import desk as desk_module
from cps_bridge import pkcs11_card
from cps_bridge.authentication import Limits, Progress, State
from cps_bridge.desk import Desk
from cps_bridge.errors import BridgeError, Code
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    DeviceError,
    GeneralError,
    PKCS11Error,
    SessionHandleInvalid,
    TokenNotRecognised,
)

from tests.bridge.middleware import AUTH, CpsCard, Middleware
from tests.bridge.pki import authentication_pair, rsa_key
from tests.bridge.scripted import (
    CHALLENGE,
    ORIGIN,
    ScriptedPrompt,
    authenticate,
    reader_over,
    refusal,
    verified,
)

LIMITS = Limits(insert=5, pin=5)


# --- removal -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [SessionHandleInvalid, GeneralError])
@pytest.mark.parametrize("is_pulled", [True, False])
def test_a_dead_session_is_a_removal_only_if_the_slot_is_empty_half_a_second_later(
    module: Middleware, error: type[PKCS11Error], is_pulled: bool
) -> None:
    waited: list[float] = []

    def settle(seconds: float) -> None:
        waited.append(seconds)
        if is_pulled:
            # For up to half a second the library still lists the card.
            module.cards[0] = None

    reader = Pkcs11Reader(
        find_module=lambda: Path("/played.so"), load_module=lambda _path: module, pause=settle
    )
    module.failures["sign"] = [error()]
    prompt = ScriptedPrompt("1234", "1234")
    if is_pulled:
        with pytest.raises(BridgeError) as refused:
            authenticate(reader, prompt)
        assert refused.value.code is Code.CARD_REMOVED
    else:
        assert verified(authenticate(reader, prompt))
        assert len(prompt.requests) == 2
    assert 0.3 <= waited[0] <= 0.5


def test_a_restarted_card_service_is_met_with_a_new_start_then_no_reader(
    module: Middleware,
) -> None:
    module.cards.clear()
    assert refusal(module, ScriptedPrompt("1234")).code is Code.NO_READER
    assert module.calls.count("initialize") == 2


@pytest.mark.parametrize("call", ["get_slots", "get_token", "open"])
def test_a_device_error_is_met_with_a_new_start_then_all_works(
    module: Middleware, call: str
) -> None:
    module.failures[call] = [DeviceError()]
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))
    assert module.calls.count("initialize") == 2


# --- other cards, other programs -----------------------------------------------------------------


def test_a_card_of_another_family_is_told_from_an_empty_reader(module: Middleware) -> None:
    module.failures["get_token"] = [TokenNotRecognised()]
    assert refusal(module, ScriptedPrompt("1234")).code is Code.NO_AUTH_CERTIFICATE


def test_a_card_that_another_program_keeps_is_busy(module: Middleware) -> None:
    module.failures["get_token"] = [GeneralError() for _ in range(9)]
    assert refusal(module, ScriptedPrompt("1234")).code is Code.BUSY


class Held:
    """A call that waits for as long as another program holds the card."""

    def __init__(self) -> None:
        self.freed = threading.Event()

    def __call__(self) -> None:
        assert self.freed.wait(10)


@pytest.mark.parametrize("call", ["open", "login", "sign"])
async def test_a_page_is_told_after_two_seconds_that_the_card_is_in_use(
    module: Middleware, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    assert desk_module.IN_USE_SECONDS == 2
    monkeypatch.setattr(desk_module, "IN_USE_SECONDS", 0.5)
    held = Held()
    module.before[call] = held
    told: list[State] = []

    async def tell(step: Progress) -> None:
        told.append(step.state)
        if step.state is State.CARD_IN_USE:
            held.freed.set()

    prompt = ScriptedPrompt("1234")
    desk = Desk(reader=reader_over(module), prompt=prompt, limits=LIMITS)
    await desk.authenticate(origin=ORIGIN, challenge=CHALLENGE, progress=tell)
    expected = [State.CARD_IN_USE, State.PIN] if call == "open" else [State.PIN, State.CARD_IN_USE]
    assert told == expected


async def test_a_library_that_never_returns_ends_in_the_caller_s_time_out(
    module: Middleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "SPARE_SECONDS", 0.05)
    held = Held()
    module.before["sign"] = held
    desk = Desk(
        reader=reader_over(module),
        prompt=ScriptedPrompt("1234"),
        limits=Limits(insert=0.1, pin=0.1),
    )
    try:
        with pytest.raises(BridgeError) as refused:
            await desk.authenticate(origin=ORIGIN, challenge=CHALLENGE, progress=_nothing)
    finally:
        held.freed.set()
    assert refused.value.code is Code.TIMEOUT


async def _nothing(_step: Progress) -> None:
    await asyncio.sleep(0)


async def test_a_page_that_waits_for_the_person_is_not_told_of_another_program(
    module: Middleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk_module, "IN_USE_SECONDS", 0)
    turn = threading.Event()
    told: list[State] = []
    told_until_the_pin: list[State] = []

    def type_the_pin() -> None:
        told_until_the_pin.extend(told)
        turn.set()

    async def tell(step: Progress) -> None:
        told.append(step.state)
        if step.state is State.PIN:
            # Any timer that still ran would be over by then.
            asyncio.get_running_loop().call_later(0.05, type_the_pin)

    prompt = ScriptedPrompt("1234", meanwhile=lambda: _wait_for(turn))
    desk = Desk(reader=reader_over(module), prompt=prompt, limits=LIMITS)
    await desk.authenticate(origin=ORIGIN, challenge=CHALLENGE, progress=tell)
    assert told_until_the_pin[-1] is State.PIN
    # That the PIN was given is the desk's own affair.
    assert State.CARD_AT_WORK not in told


def _wait_for(event: threading.Event) -> None:
    assert event.wait(10)


# --- polling -------------------------------------------------------------------------------------


class Polls:
    """Counts what is asked while nobody inserts a card."""

    def __init__(self, module: Middleware, *, insert_after: int, card: CpsCard) -> None:
        self.module, self.card, self.left = module, card, insert_after

    def __call__(self, seconds: float) -> None:
        assert seconds == 0.5
        self.left -= 1
        if self.left == 0:
            self.module.cards.append(self.card)


class Contactless(CpsCard):
    """The contactless interface: a token that asks no PIN, which is no login credential."""

    @property
    def flags(self) -> int:
        return int(TokenFlag.TOKEN_INITIALIZED)


def test_waiting_for_a_card_asks_for_the_slots_each_half_second_and_never_for_a_token(
    card: CpsCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = Middleware(Contactless({AUTH: authentication_pair()}, serial=b"1"))
    polls = Polls(module, insert_after=20, card=card)
    monkeypatch.setattr("cps_bridge.watch.Watch.pause", polls)
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))
    before = module.calls[: module.calls.index("open")]
    assert before.count("get_slots") >= 20
    # Once for the contactless token, once for the card.
    assert before.count("get_token") == 2


# --- names ---------------------------------------------------------------------------------------


def test_labels_padded_with_nul_are_read_without(card: CpsCard) -> None:
    other = CpsCard({AUTH: authentication_pair()}, serial=b"1")
    other.label = "ZZZ"
    card.label = "ASIP CPS" + "\0" * 24
    assert verified(authenticate(reader_over(Middleware(other, card)), ScriptedPrompt("1234")))
    assert (other.signatures, card.signatures) == (0, 1)


def test_a_copy_is_found_under_a_serial_padded_with_blanks_or_nul(
    card: CpsCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card.serial = b"29000000" + b"\0 " * 4
    card.keys[AUTH] = rsa_key("renewed")
    assert isinstance(card.keys[AUTH], rsa.RSAPrivateKey)
    stale = tmp_path / "29000000_E828BD"
    stale.touch()
    monkeypatch.setattr(pkcs11_card, "cache_directories", lambda: (tmp_path,))
    refusal(Middleware(card), ScriptedPrompt("1234", "1234", "1234"))
    assert not stale.exists()
