"""What the genuine CPS library makes necessary: one test, or a few, for each of its manners.

Here what it does with keys, certificates, logins and PINs; `test_genuine_readers` has the rest.
"""

import threading
from pathlib import Path
from typing import Any

import pytest
from cps_bridge import desk as desk_module
from cps_bridge import pkcs11_card
from cps_bridge.authentication import Limits, Progress
from cps_bridge.desk import Desk
from cps_bridge.errors import BridgeError, Code
from cps_bridge.lock import CardLock
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cps_bridge.reader import CardState
from cps_bridge.web_eid import digest_info, signed_message
from pkcs11 import Mechanism
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    GeneralError,
    KeyTypeInconsistent,
    PinLenRange,
    PKCS11Error,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
)

from tests.bridge import middleware
from tests.bridge.middleware import AUTH, SIGN, CpsCard, Middleware
from tests.bridge.pki import authentication_pair, pair, rsa_key, signature_pair
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


@pytest.fixture
def signed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Mechanism, bytes, int]]:
    """What the keys of the genuine library are asked to sign, and how."""
    asked: list[tuple[Mechanism, bytes, int]] = []
    sign = middleware.Key.sign

    def genuine(key: Any, data: bytes, *, mechanism: Mechanism, buffer_size: int) -> bytes:
        asked.append((mechanism, data, buffer_size))
        if mechanism is Mechanism.SHA256_RSA_PKCS:
            raise GeneralError  # CPS4; a CPS3 says KEY_TYPE_INCONSISTENT
        if buffer_size > key.key.key_size // 8:
            raise KeyTypeInconsistent
        return sign(key, data, mechanism=mechanism, buffer_size=buffer_size)

    monkeypatch.setattr(middleware.Key, "sign", genuine)
    return asked


# --- signing -----------------------------------------------------------------------------------


def test_the_authentication_key_signs_a_digest_info_with_rsa_pkcs_into_256_bytes(
    module: Middleware, signed: list[tuple[Mechanism, bytes, int]]
) -> None:
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))
    message = signed_message(origin=ORIGIN, challenge=CHALLENGE)
    # Never the bare hash, which the card would pad as it is.
    assert signed == [(Mechanism.RSA_PKCS, digest_info(message), 256)]
    assert len(signed[0][1]) == 51


def test_the_advertised_mechanisms_are_never_asked_for(
    module: Middleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lie(_slot: object) -> None:
        pytest.fail("C_GetMechanismList")

    monkeypatch.setattr(middleware.Slot, "get_mechanisms", lie, raising=False)
    monkeypatch.setattr(middleware.Slot, "get_mechanism_info", lie, raising=False)
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))


def test_a_signature_of_another_key_than_the_shown_certificate_s_never_leaves(
    module: Middleware, card: CpsCard
) -> None:
    card.keys[AUTH] = rsa_key("renewed")
    assert refusal(module, ScriptedPrompt("1234", "1234")).code is Code.CARD_ERROR


def test_a_stale_certificate_is_said_its_copy_deleted_and_the_pin_asked_again(
    module: Middleware, card: CpsCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = pair(rsa_key("renewed"))
    card.keys[AUTH] = renewed.key
    stale = tmp_path / "29000000_E828BD"
    stale.touch()
    monkeypatch.setattr(pkcs11_card, "cache_directories", lambda: (tmp_path,))
    begin = module.initialize

    def read_again() -> None:
        begin()
        if not stale.exists():
            card.entries[AUTH] = renewed

    monkeypatch.setattr(module, "initialize", read_again)
    prompt = ScriptedPrompt("1234", "1234")
    assert verified(authenticate(reader_over(module), prompt))
    assert "ancienne copie" in prompt.requests[1].notice
    assert card.pins_seen == ["1234", "1234"]


# --- which certificate, which key ----------------------------------------------------------------


def test_the_token_s_short_serial_label_and_model_choose_nothing(card: CpsCard) -> None:
    # Two cards whose numbers differ in the last digits show the same 8-digit serial.
    signs_only = CpsCard({SIGN: signature_pair()}, serial=card.serial)
    module = Middleware(signs_only, card)
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))
    assert (signs_only.signatures, card.signatures) == (0, 1)


@pytest.mark.parametrize("key_id", [b"\x12\x16", b"\xe8\x28\xbd\x08\x0f\x80\x25\0\0\1\xff\0\x10\2"])
def test_the_key_is_the_one_that_shares_the_certificate_s_id(key_id: bytes) -> None:
    # A CPS4's and a CPS3's: neither is written in the code.
    card = CpsCard({b"\1": signature_pair(), key_id: authentication_pair()})
    assert verified(authenticate(reader_over(Middleware(card)), ScriptedPrompt("1234")))


# --- login ---------------------------------------------------------------------------------------


def test_each_challenge_opens_logs_in_signs_once_closes_and_finalises(module: Middleware) -> None:
    reader = reader_over(module)
    for _ in range(2):
        module.calls.clear()
        assert verified(authenticate(reader, ScriptedPrompt("1234")))
        kept = [call for call in module.calls if call not in {"get_slots", "get_token"}]
        assert kept == ["initialize", "open", "login", "sign", "finalize"]
        assert (module.is_logged_in, module.open_sessions) == (False, 0)


@pytest.mark.parametrize("error", [UserNotLoggedIn, KeyTypeInconsistent, GeneralError])
def test_a_signature_is_never_tried_twice_with_one_pin(
    module: Middleware, card: CpsCard, error: type[PKCS11Error]
) -> None:
    # With a PIN changed elsewhere, three tries of the library itself lock the card.
    module.failures["sign"] = [error() for _ in range(9)]
    refusal(module, ScriptedPrompt("1234", "1234", "1234"))
    assert module.calls.count("sign") == len(card.pins_seen)


def test_a_lost_login_is_closed_and_the_pin_asked_again(module: Middleware) -> None:
    module.failures["sign"] = [UserNotLoggedIn()]
    prompt = ScriptedPrompt("1234", "1234")
    assert verified(authenticate(reader_over(module), prompt))
    assert len(prompt.requests) == 2
    assert module.calls.count("finalize") == 2


def test_a_login_of_somebody_else_signs_nothing(module: Middleware, card: CpsCard) -> None:
    module.failures["login"] = [UserAlreadyLoggedIn() for _ in range(9)]
    refusal(module, ScriptedPrompt("1234", "1234", "1234"))
    assert card.signatures == 0


async def served(module: Middleware, prompt: ScriptedPrompt, **options: Any) -> list[Progress]:
    """One login through the desk; what the page was told."""
    told: list[Progress] = []

    async def tell(step: Progress) -> None:
        told.append(step)

    desk = Desk(reader=options.pop("reader", reader_over(module)), prompt=prompt, limits=LIMITS)
    await desk.status()
    await desk.authenticate(origin=ORIGIN, challenge=CHALLENGE, progress=tell)
    return told


async def test_one_thread_owns_the_library(
    module: Middleware, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: set[int] = set()
    happen = module.happen

    def note(call: str) -> None:
        threads.add(threading.get_ident())
        happen(call)

    monkeypatch.setattr(module, "happen", note)
    await served(module, ScriptedPrompt("1234"))
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_nothing_forks_a_process_that_holds_a_login() -> None:
    sources = Path(desk_module.__file__).parent.rglob("*.py")
    forking = ("os.fork", "multiprocessing", "preexec_fn", "ProcessPool")
    assert not [path for path in sources if any(word in path.read_text() for word in forking)]


def test_two_processes_never_serve_at_once(module: Middleware, tmp_path: Path) -> None:
    lock = CardLock(tmp_path / "run" / "lock")
    reader = Pkcs11Reader(
        find_module=lambda: Path("/played.so"), load_module=lambda _path: module, lock=lock
    )
    # A second descriptor is to the system what a second process is.
    with lock.held():
        with pytest.raises(BridgeError) as refused:
            authenticate(reader, ScriptedPrompt("1234"))
        # The status is no login: it goes on.
        assert reader.status().card is CardState.PRESENT
    assert refused.value.code is Code.BUSY
    assert verified(authenticate(reader, ScriptedPrompt("1234")))


# --- PIN -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["12a4", "12 4", "éàèù", "1234____", "123", "123456789", ""])
def test_what_would_burn_a_try_without_being_a_pin_is_not_sent(
    module: Middleware, card: CpsCard, typed: str
) -> None:
    assert verified(authenticate(reader_over(module), ScriptedPrompt(typed, "1234")))
    assert card.pins_seen == ["1234"]


@pytest.mark.parametrize("third_is_locked", [True, False], ids=["CPS4", "CPS3"])
def test_the_third_wrong_pin_is_a_lock_by_its_code_or_by_fresh_flags(
    module: Middleware, card: CpsCard, third_is_locked: bool
) -> None:
    card.third_wrong_is_locked = third_is_locked
    low, last = (refusal(module, ScriptedPrompt("0000")) for _ in range(2))
    assert (low.code, low.low_tries, low.final_try) == (Code.PIN_INCORRECT, True, False)
    assert (last.code, last.final_try) == (Code.PIN_INCORRECT, True)
    assert refusal(module, ScriptedPrompt("0000", confirm=True)).code is Code.PIN_LOCKED


def test_a_locked_flag_seen_before_any_try_is_not_believed(
    module: Middleware, card: CpsCard
) -> None:
    card.extra_flags = TokenFlag.USER_PIN_LOCKED
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))


def test_a_length_that_only_the_card_refuses_counts_as_a_wrong_pin(module: Middleware) -> None:
    module.failures["login"] = [PinLenRange()]
    assert refusal(module, ScriptedPrompt("12345678")).code is Code.PIN_INCORRECT


def test_unblocking_is_not_in_the_program(module: Middleware, card: CpsCard) -> None:
    card.tries = 0
    assert refusal(module, ScriptedPrompt("1234", confirm=True)).code is Code.PIN_LOCKED
    sources = [path.read_text() for path in Path(desk_module.__file__).parent.rglob("*.py")]
    assert not any("so_pin" in text or "init_pin" in text for text in sources)
