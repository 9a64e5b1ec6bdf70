"""The decoder of queries and forms: whatever comes is parameters or MalformedError."""

from contextlib import suppress
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.oidc.rules.parameters import LONGEST, MalformedError, parse_parameters

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(st.dictionaries(TEXT, TEXT, max_size=10))
def test_what_was_encoded_is_read_back(values: dict[str, str]) -> None:
    parameters = parse_parameters(urlencode(values).encode())
    assert dict(parameters.values) == values
    assert not parameters.repeated


@given(st.binary(max_size=300))
def test_no_bytes_break_it(raw: bytes) -> None:
    with suppress(MalformedError):
        parameters = parse_parameters(raw)
        assert not any("\0" in value for value in parameters.values.values())


def test_a_repeated_name_keeps_its_first_value_and_is_told() -> None:
    parameters = parse_parameters(b"a=1&b=2&a=3")
    assert (parameters.get("a"), parameters.repeated) == ("1", frozenset({"a"}))


def test_a_name_without_value_is_as_if_absent() -> None:
    assert parse_parameters(b"state=&nonce").get("state") == ""


@pytest.mark.parametrize(
    "raw", [b"a=" + b"x" * LONGEST, b"a=%00", b"%00=a", b"a=%C3", b"a=\xc3\xa9", b"&a=" * 100]
)
def test_bytes_that_are_no_parameters_are_refused(raw: bytes) -> None:
    with pytest.raises(MalformedError):
        parse_parameters(raw)
