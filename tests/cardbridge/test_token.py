"""The token is read strictly, and what is signed is what Web eID says."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.token import (
    MAX_BODY_BYTES,
    Algorithm,
    WebEidToken,
    control_code,
    signed_message,
)

ORIGIN = "https://idp.example"
CHALLENGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
GOOD = {
    "format": "web-eid:1.0",
    "unverifiedCertificate": base64.b64encode(b"certificate").decode(),
    "algorithm": "RS256",
    "signature": base64.b64encode(b"signature").decode(),
    "appVersion": "https://example.org/bridge/1",
}


def code_of(body: Any) -> CardCode:
    with pytest.raises(CardRefusedError) as refused:
        WebEidToken.parse(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert isinstance(refused.value.reason, CardCode)
    return refused.value.reason


def test_a_token_of_the_right_form_is_read() -> None:
    token = WebEidToken.parse(json.dumps(GOOD).encode())
    assert token.unverified_certificate == b"certificate"
    assert token.algorithm is Algorithm.RS256


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS512", "PS256", "ES384", "rs256", ""])
def test_only_listed_algorithms_are_accepted(algorithm: str) -> None:
    assert code_of(GOOD | {"algorithm": algorithm}) is CardCode.ALGORITHM_REFUSED


@pytest.mark.parametrize("name", GOOD)
def test_every_member_is_required_and_is_text(name: str) -> None:
    assert code_of({k: v for k, v in GOOD.items() if k != name}) is CardCode.ANSWER_UNREADABLE
    assert code_of(GOOD | {name: 1}) is CardCode.ANSWER_UNREADABLE


@pytest.mark.parametrize("name", ["nonce", "origin", "exp", "unverifiedSigningCertificate"])
def test_a_member_more_is_refused(name: str) -> None:
    assert code_of(GOOD | {name: "x"}) is CardCode.ANSWER_UNREADABLE


def test_another_format_is_refused() -> None:
    assert code_of(GOOD | {"format": "web-eid:1.1"}) is CardCode.ANSWER_UNREADABLE


@pytest.mark.parametrize(
    "text", ["YQ", "YR==", "YQ==\n", " YQ==", "YQ==YQ==", "Y-_=", "é", "", "YQ=", "===="]
)
def test_base64_has_one_spelling(text: str) -> None:
    assert code_of(GOOD | {"signature": text}) is CardCode.ANSWER_UNREADABLE


def test_a_repeated_member_is_refused() -> None:
    body = json.dumps(GOOD)[:-1] + ', "signature": "YQ=="}'
    assert code_of(body.encode()) is CardCode.ANSWER_UNREADABLE


def test_a_body_beyond_ten_kilobytes_is_refused() -> None:
    fill = " " * (MAX_BODY_BYTES - len(json.dumps(GOOD)))
    WebEidToken.parse((json.dumps(GOOD) + fill).encode())
    assert code_of((json.dumps(GOOD) + fill + " ").encode()) is CardCode.ANSWER_UNREADABLE


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_anything_else_is_refused_and_never_breaks(body: bytes) -> None:
    assert code_of(body) is CardCode.ANSWER_UNREADABLE


def test_deep_nesting_is_refused() -> None:
    assert code_of(b"[" * 5000) is CardCode.ANSWER_UNREADABLE


def test_the_signed_message_hashes_the_challenge_as_text() -> None:
    expected = (
        "512a336b79b57eb3ade003f3f510bcac23fa4b0f0b964d02d92aa005d06b91c6"
        "905f28def18eaac05ae6f12b2c3452744afaf626da1343d57b395b544e0519b6"
    )
    assert signed_message(origin=ORIGIN, challenge=CHALLENGE).hex() == expected


def test_the_control_code_is_that_of_the_bridge() -> None:
    assert control_code(origin=ORIGIN, challenge=CHALLENGE) == "0132"
