"""The frames of cps-bridge.v1, in and out."""

import json

import pytest
from cps_bridge import messages
from cps_bridge.authentication import Progress, State
from cps_bridge.errors import BridgeError, Code
from cps_bridge.reader import CardState, Status
from hypothesis import given
from hypothesis import strategies as st


def refusal(text: str) -> Code:
    with pytest.raises(BridgeError) as refused:
        messages.parse(text)
    return refused.value.code


def test_an_authenticate_message_is_read() -> None:
    text = '{"type":"authenticate","challenge":"abc"}'
    assert messages.parse(text).challenge == "abc"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        '"authenticate"',
        "{",
        "{}",
        '{"type":1}',
        '{"type":"authenticate"}',
        '{"type":"authenticate","challenge":"a","origin":"https://evil.test"}',
        '{"type":"authenticate","challenge":"a","challenge":"b"}',
        '{"type":"x","type":"authenticate","challenge":"a"}',
        "[" * 4000,
    ],
)
def test_a_message_of_another_shape_is_bad(text: str) -> None:
    assert refusal(text) is Code.BAD_MESSAGE


@pytest.mark.parametrize("kind", ["sign", "status", "AUTHENTICATE", ""])
def test_an_unknown_type_is_named_unknown(kind: str) -> None:
    assert refusal(json.dumps({"type": kind, "hash": "00"})) is Code.UNKNOWN_MESSAGE


def test_a_challenge_that_is_no_text_is_bad() -> None:
    assert refusal('{"type":"authenticate","challenge":1}') is Code.BAD_CHALLENGE


@given(st.text())
def test_no_text_makes_the_parser_fail_otherwise_than_by_refusing(text: str) -> None:
    assert refusal(text) in {Code.BAD_MESSAGE, Code.UNKNOWN_MESSAGE}


def test_the_status_carries_no_identity() -> None:
    status = Status(card=CardState.PRESENT, pin_pad=False)
    assert messages.status_message(status) == {
        "type": "status",
        "card": "present",
        "pin_pad": False,
    }


def test_progress_carries_the_control_code_with_the_pin_only() -> None:
    insert = messages.progress_message(Progress(state=State.INSERT_CARD))
    assert insert == {"type": "progress", "state": "insert_card"}
    pin = messages.progress_message(Progress(state=State.PIN, code="0132"))
    assert pin == {"type": "progress", "state": "pin", "code": "0132"}


def test_an_error_tells_its_code_and_tries_but_never_its_detail() -> None:
    error = BridgeError(Code.PIN_INCORRECT, detail="reader 3", final_try=True, low_tries=True)
    assert messages.error_message(error) == {
        "type": "error",
        "code": "PIN_INCORRECT",
        "final_try": True,
        "low_tries": True,
    }
    plain = messages.error_message(BridgeError(Code.CARD_ABSENT))
    assert plain == {"type": "error", "code": "CARD_ABSENT"}
