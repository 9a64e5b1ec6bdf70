"""Secrets, digests, encryption at rest, step tokens."""

from datetime import timedelta

import pytest

from idp.core import secrets, step_tokens, vault
from idp.core.errors import IdpError


def test_a_token_has_256_random_bits() -> None:
    assert len(secrets.new_token()) == 43
    assert secrets.new_token() != secrets.new_token()


def test_only_the_token_matches_its_digest() -> None:
    token = secrets.new_token()
    assert secrets.matches(token, secrets.digest(token))
    assert not secrets.matches(token + "x", secrets.digest(token))


def test_a_reference_can_be_read_aloud() -> None:
    reference = secrets.new_reference()
    assert len(reference) == 8
    assert not set(reference) & set("01OIL")


def test_what_is_sealed_can_be_read_for_the_same_purpose() -> None:
    assert vault.unseal(vault.seal(b"clear", purpose="a"), purpose="a") == b"clear"


def test_a_box_of_another_purpose_is_refused() -> None:
    with pytest.raises(IdpError, match="vault"):
        vault.unseal(vault.seal(b"clear", purpose="a"), purpose="b")


def test_an_altered_box_is_refused() -> None:
    box = bytearray(vault.seal(b"clear", purpose="a"))
    box[20] ^= 1
    with pytest.raises(IdpError, match="vault"):
        vault.unseal(bytes(box), purpose="a")


MINUTE = timedelta(minutes=1)


def test_a_step_token_says_its_subject() -> None:
    token = step_tokens.issue("who:what", purpose="here")
    assert step_tokens.read(token, purpose="here", max_age=MINUTE) == "who:what"


def test_a_step_token_serves_one_purpose() -> None:
    token = step_tokens.issue("who", purpose="here")
    with pytest.raises(IdpError, match="step_expired"):
        step_tokens.read(token, purpose="there", max_age=MINUTE)


def test_a_step_token_grows_old() -> None:
    token = step_tokens.issue("who", purpose="here")
    with pytest.raises(IdpError, match="step_expired"):
        step_tokens.read(token, purpose="here", max_age=timedelta(seconds=-1))


def test_an_altered_step_token_is_refused() -> None:
    token = step_tokens.issue("who", purpose="here")
    with pytest.raises(IdpError, match="step_expired"):
        step_tokens.read("x" + token, purpose="here", max_age=MINUTE)
