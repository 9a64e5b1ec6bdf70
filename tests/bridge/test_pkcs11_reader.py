"""The real reader and the core, over a module that answers as the genuine CPS library does."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cps_bridge import pkcs11_card
from cps_bridge.authentication import Progress, State
from cps_bridge.errors import BridgeError, Code
from cps_bridge.reader import CardState, Tries
from pkcs11 import Mechanism
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    DeviceError,
    DeviceRemoved,
    GeneralError,
    KeyTypeInconsistent,
    PinLenRange,
    PKCS11Error,
    SessionHandleInvalid,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
)

from tests.bridge.middleware import AUTH, CpsCard, Middleware
from tests.bridge.pki import authentication_pair, ec_pair, pair, rsa_key
from tests.bridge.scripted import (
    ORIGIN,
    ScriptedPrompt,
    authenticate,
    reader_over,
    refusal,
    verified,
)


def test_a_right_pin_gives_one_verified_signature(module: Middleware, card: CpsCard) -> None:
    prompt = ScriptedPrompt("1234")
    steps: list[Progress] = []
    token = authenticate(reader_over(module), prompt, progress=steps.append)
    assert token["algorithm"] == "RS256"
    assert verified(token)
    assert card.signatures == 1
    assert steps == [Progress(state=State.PIN, code="0132")]
    assert (prompt.requests[0].origin, prompt.requests[0].code) == (ORIGIN, "0132")


def test_the_result_buffer_is_exactly_the_key_size(module: Middleware, card: CpsCard) -> None:
    authenticate(reader_over(module), ScriptedPrompt("1234"))
    assert card.buffers == [256]


def test_nothing_outlives_a_challenge(module: Middleware) -> None:
    reader = reader_over(module)
    authenticate(reader, ScriptedPrompt("1234"))
    assert (module.is_initialized, module.is_logged_in, module.open_sessions) == (False, False, 0)
    authenticate(reader, ScriptedPrompt("1234"))
    assert module.calls.count("login") == 2


def test_a_failed_login_is_finalised_too(module: Middleware) -> None:
    refusal(module, ScriptedPrompt("0000"))
    assert not module.is_initialized


def test_an_ec_key_signs_the_bare_hash_and_answers_r_and_s() -> None:
    module = Middleware(CpsCard({AUTH: ec_pair()}))
    token = authenticate(reader_over(module), ScriptedPrompt("1234"))
    assert token["algorithm"] == "ES256"
    assert len(base64.b64decode(token["signature"])) == 64
    assert verified(token)


def test_a_module_without_raw_rsa_falls_back_to_hashing_itself(
    module: Middleware, card: CpsCard
) -> None:
    card.mechanisms = {Mechanism.SHA256_RSA_PKCS}
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))
    assert card.signatures == 1


def test_wrong_pins_warn_low_then_last_then_lock(module: Middleware) -> None:
    first = refusal(module, ScriptedPrompt("0000"))
    assert (first.code, first.low_tries, first.final_try) == (Code.PIN_INCORRECT, True, False)
    second = refusal(module, ScriptedPrompt("0000"))
    assert (second.code, second.low_tries, second.final_try) == (Code.PIN_INCORRECT, True, True)
    prompt = ScriptedPrompt("0000", confirm=True)
    assert refusal(module, prompt).code is Code.PIN_LOCKED
    assert prompt.requests[0].tries is Tries.FINAL


def test_the_third_wrong_pin_of_a_cps3_is_read_from_the_flags(
    module: Middleware, card: CpsCard
) -> None:
    card.tries, card.third_wrong_is_locked = 1, False
    assert refusal(module, ScriptedPrompt("0000", confirm=True)).code is Code.PIN_LOCKED


def test_a_lock_met_once_is_not_asked_about_again(module: Middleware, card: CpsCard) -> None:
    reader = reader_over(module)
    card.tries = 1
    with pytest.raises(BridgeError):
        authenticate(reader, ScriptedPrompt("0000", confirm=True))
    prompt = ScriptedPrompt("1234")
    with pytest.raises(BridgeError) as refused:
        authenticate(reader, prompt)
    assert refused.value.code is Code.PIN_LOCKED
    assert prompt.requests == []
    assert reader.status().card is CardState.LOCKED


def test_a_locked_flag_seen_beforehand_is_not_believed(module: Middleware, card: CpsCard) -> None:
    card.extra_flags = TokenFlag.USER_PIN_LOCKED
    assert reader_over(module).status().card is CardState.PRESENT
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))


def test_the_last_try_is_not_sent_without_confirmation(module: Middleware, card: CpsCard) -> None:
    card.tries = 1
    assert refusal(module, ScriptedPrompt("1234")).code is Code.USER_CANCELLED
    assert card.pins_seen == []


@pytest.mark.parametrize("typed", ["", "123", "123456789", "12a4", "12 4", "١٢٣٤", "1234\n"])
def test_what_is_not_4_to_8_digits_never_reaches_the_card(
    module: Middleware, card: CpsCard, typed: str
) -> None:
    prompt = ScriptedPrompt(typed, "1234")
    authenticate(reader_over(module), prompt)
    assert card.pins_seen == ["1234"]
    assert prompt.requests[1].notice != ""


def test_a_length_that_the_card_refuses_is_a_wrong_pin(module: Middleware) -> None:
    module.failures["login"] = [PinLenRange()]
    assert refusal(module, ScriptedPrompt("12345678")).code is Code.PIN_INCORRECT


def test_a_wrong_pin_is_never_retried_by_itself(module: Middleware, card: CpsCard) -> None:
    refusal(module, ScriptedPrompt("0000", "1234"))
    assert card.pins_seen == ["0000"]


@pytest.mark.parametrize("error", [UserNotLoggedIn, UserAlreadyLoggedIn])
@pytest.mark.parametrize("call", ["login", "sign"])
def test_a_login_that_is_not_this_challenges_own_is_dropped_and_asked_anew(
    module: Middleware, card: CpsCard, call: str, error: type[PKCS11Error]
) -> None:
    module.failures[call] = [error()]
    prompt = ScriptedPrompt("1234", "1234")
    assert verified(authenticate(reader_over(module), prompt))
    assert len(prompt.requests) == 2
    assert prompt.requests[1].notice == pkcs11_card.PIN_CHANGED
    assert card.signatures == 1


@pytest.mark.parametrize("call", ["login", "sign"])
@pytest.mark.parametrize("error", [SessionHandleInvalid, GeneralError, DeviceRemoved, DeviceError])
def test_a_session_that_died_with_the_card_in_place_asks_the_pin_anew(
    module: Middleware, error: type[PKCS11Error], call: str
) -> None:
    module.failures[call] = [error()]
    prompt = ScriptedPrompt("1234", "1234")
    assert verified(authenticate(reader_over(module), prompt))
    assert len(prompt.requests) == 2


@pytest.mark.parametrize("call", ["login", "sign"])
@pytest.mark.parametrize("error", [SessionHandleInvalid, GeneralError, DeviceRemoved, DeviceError])
def test_the_same_codes_with_the_card_gone_mean_it_was_pulled(
    module: Middleware, error: type[PKCS11Error], call: str
) -> None:
    def pull() -> None:
        module.cards[0] = None

    module.failures[call], module.before[call] = [error()], pull
    assert refusal(module, ScriptedPrompt("1234")).code is Code.CARD_REMOVED
    assert module.calls.count("sign") <= 1


@pytest.mark.parametrize("error", [SessionHandleInvalid, GeneralError, DeviceRemoved, DeviceError])
@pytest.mark.parametrize("call", ["login", "sign"])
def test_a_card_swapped_in_mid_login_ends_it(
    module: Middleware, card: CpsCard, call: str, error: type[PKCS11Error]
) -> None:
    other = CpsCard(card.entries, serial=b"29000001")
    module.before[call] = lambda: module.cards.__setitem__(0, other)
    module.failures[call] = [error()]
    prompt = ScriptedPrompt("1234", "1234")
    assert refusal(module, prompt).code is Code.CARD_REMOVED
    assert len(prompt.requests) == 1
    assert other.pins_seen == []


def test_endless_interruptions_end(module: Middleware) -> None:
    module.failures["login"] = [GeneralError() for _ in range(9)]
    prompt = ScriptedPrompt(*["1234"] * 9)
    assert refusal(module, prompt).code is Code.CARD_ERROR
    assert len(prompt.requests) == 3


def test_a_signature_that_fails_otherwise_is_not_repeated(module: Middleware) -> None:
    module.failures["sign"] = [KeyTypeInconsistent()]
    assert refusal(module, ScriptedPrompt("1234", "1234")).code is Code.CARD_ERROR
    assert module.calls.count("sign") == 1


def test_another_card_inserted_while_the_pin_was_typed_gets_no_pin(module: Middleware) -> None:
    other = CpsCard({AUTH: authentication_pair()}, serial=b"29000001")

    def swap() -> None:
        module.cards[0] = other

    prompt = ScriptedPrompt("1234", meanwhile=swap)
    assert refusal(module, prompt).code is Code.CARD_REMOVED
    assert other.pins_seen == []


def test_a_stale_certificate_never_leaves(module: Middleware, card: CpsCard) -> None:
    card.keys[AUTH] = rsa_key("renewed")
    assert refusal(module, ScriptedPrompt("1234", "1234")).code is Code.CARD_ERROR
    assert card.signatures == 1


def test_a_stale_copy_of_the_middleware_is_deleted_and_the_pin_asked_anew(
    module: Middleware, card: CpsCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed = pair(rsa_key("renewed"))
    card.keys[AUTH] = renewed.key
    stale, foreign = tmp_path / "29000000_certificate", tmp_path / "29000001_certificate"
    stale.touch()
    foreign.touch()
    monkeypatch.setattr(pkcs11_card, "cache_directories", lambda: (tmp_path,))

    def reread() -> None:
        if not stale.exists():
            card.entries[AUTH] = renewed

    prompt = ScriptedPrompt("1234", "1234")
    monkeypatch.setattr(module, "initialize", _then(module.initialize, reread))
    assert verified(authenticate(reader_over(module), prompt))
    assert not stale.exists()
    assert foreign.exists()
    assert "ancienne copie" in prompt.requests[1].notice


def _then(first: Any, second: Any) -> Any:
    def both() -> None:
        first()
        second()

    return both
