"""The real reader: which card it finds behind the module, and what it says when there is none."""

import threading
from pathlib import Path

import pytest
from cps_bridge.authentication import Progress, State
from cps_bridge.errors import BridgeError, Code, SetupError
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cps_bridge.reader import CardState
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    DeviceError,
    FunctionCancelled,
    GeneralError,
    SlotIDInvalid,
    TokenNotRecognised,
)

from tests.bridge.middleware import AUTH, SIGN, CpsCard, Middleware
from tests.bridge.pki import signature_pair
from tests.bridge.scripted import ScriptedPrompt, authenticate, reader_over, refusal, verified


def test_a_card_of_another_family_is_said_to_be_one(module: Middleware) -> None:
    module.failures["get_token"] = [TokenNotRecognised()]
    assert refusal(module, ScriptedPrompt("1234")).code is Code.NO_AUTH_CERTIFICATE


def test_a_card_kept_by_another_program_is_waited_for_then_told(module: Middleware) -> None:
    module.failures["open"] = [GeneralError()]
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))
    module.failures["open"] = [GeneralError() for _ in range(9)]
    assert refusal(module, ScriptedPrompt("1234")).code is Code.BUSY


def test_a_token_that_asks_no_pin_is_no_login_credential(
    module: Middleware, card: CpsCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CpsCard, "flags", int(TokenFlag.TOKEN_INITIALIZED))
    assert refusal(module, ScriptedPrompt("1234"), insert=0.1).code is Code.CARD_ABSENT


def test_no_reader_is_looked_for_twice_then_told() -> None:
    module = Middleware()
    assert refusal(module, ScriptedPrompt("1234")).code is Code.NO_READER
    assert module.calls.count("initialize") == 2


def test_a_restarted_card_service_is_cured_by_initialising_again(module: Middleware) -> None:
    module.failures["get_slots"] = [DeviceError()]
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))


def test_readers_that_cannot_be_listed_are_a_card_error(module: Middleware) -> None:
    module.failures["get_slots"] = [GeneralError() for _ in range(9)]
    assert refusal(module, ScriptedPrompt("1234")).code is Code.CARD_ERROR


def test_a_card_service_that_restarts_meanwhile_is_found_again(
    module: Middleware, card: CpsCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenSC goes on listing the readers of the service that died, without a card."""
    monkeypatch.setattr("cps_bridge.pkcs11_reader.RENEWAL_SECONDS", 0)
    module.cards[0] = None
    starts = module.calls.count("initialize")

    def restart(_step: Progress) -> None:
        if _step.state is State.INSERT_CARD:
            module.before["finalize"] = lambda: module.cards.__setitem__(0, card)

    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234"), progress=restart))
    assert module.calls.count("initialize") > starts + 1


def test_a_slot_that_vanishes_during_the_walk_is_looked_at_again(module: Middleware) -> None:
    module.failures["get_slots"] = [SlotIDInvalid()]
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))


def test_a_card_inserted_later_is_found(module: Middleware, card: CpsCard) -> None:
    module.cards[0] = None
    steps: list[Progress] = []

    def insert(step: Progress) -> None:
        steps.append(step)
        module.cards[0] = card

    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234"), progress=insert))
    assert [step.state for step in steps][:2] == [State.INSERT_CARD, State.PIN]


def test_no_module_is_told(module: Middleware) -> None:
    reader = Pkcs11Reader(find_module=lambda: None)
    assert reader.status().card is CardState.ABSENT
    with pytest.raises(BridgeError) as refused:
        authenticate(reader, ScriptedPrompt("1234"))
    assert refused.value.code is Code.NO_MODULE


def test_a_module_that_lost_its_trust_is_not_loaded() -> None:
    def distrust() -> Path:
        raise SetupError("replaced")

    reader = Pkcs11Reader(find_module=distrust)
    assert reader.status().card is CardState.ABSENT
    with pytest.raises(BridgeError) as refused:
        authenticate(reader, ScriptedPrompt("1234"))
    assert refused.value.code is Code.NO_MODULE


def test_a_file_that_is_no_module_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "module.so"
    broken.write_text("not a library")
    with pytest.raises(BridgeError) as refused:
        authenticate(Pkcs11Reader(find_module=lambda: broken), ScriptedPrompt("1234"))
    assert refused.value.code is Code.NO_MODULE


def test_the_card_with_an_authentication_certificate_is_chosen_among_two(card: CpsCard) -> None:
    other = CpsCard({SIGN: signature_pair()}, serial=b"29000009")
    module = Middleware(other, card)
    assert verified(authenticate(reader_over(module), ScriptedPrompt("1234")))
    assert (card.signatures, other.signatures) == (1, 0)


def test_a_certificate_whose_key_is_missing_is_a_card_error(
    module: Middleware, card: CpsCard
) -> None:
    del card.keys[AUTH]
    assert refusal(module, ScriptedPrompt("1234")).code is Code.CARD_ERROR


def test_a_reader_with_a_pad_takes_the_pin_itself(module: Middleware, card: CpsCard) -> None:
    card.extra_flags = TokenFlag.PROTECTED_AUTHENTICATION_PATH
    prompt = ScriptedPrompt()
    assert reader_over(module).status().pin_pad
    assert verified(authenticate(reader_over(module), prompt))
    assert (len(prompt.announced), prompt.requests) == (1, [])


def test_a_refusal_on_the_reader_s_pad_is_the_person_s(module: Middleware, card: CpsCard) -> None:
    card.extra_flags = TokenFlag.PROTECTED_AUTHENTICATION_PATH
    module.failures["login"] = [FunctionCancelled()]
    assert refusal(module, ScriptedPrompt()).code is Code.USER_CANCELLED


def test_a_page_that_went_away_gets_no_signature(module: Middleware, card: CpsCard) -> None:
    cancelled = threading.Event()
    prompt = ScriptedPrompt("1234", meanwhile=cancelled.set)
    assert refusal(module, prompt, cancelled=cancelled).code is Code.USER_CANCELLED
    assert card.pins_seen == []


def test_a_token_signed_for_one_origin_does_not_verify_for_another(module: Middleware) -> None:
    token = authenticate(reader_over(module), ScriptedPrompt("1234"), origin="https://evil.example")
    assert not verified(token)


def test_the_status_never_reads_a_certificate(module: Middleware) -> None:
    reader_over(module).status()
    assert "open" not in module.calls


def test_polling_for_presence_never_asks_the_card(module: Middleware, card: CpsCard) -> None:
    with reader_over(module).open() as access:
        found = access.find_card()
        assert found is not None
        before = module.calls.count("get_token")
        for _ in range(5):
            assert found.is_present()
        assert module.calls.count("get_token") == before
