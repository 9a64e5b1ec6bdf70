"""JSON from outside."""

import pytest

from idp.core import strict_json


def test_a_document_is_read() -> None:
    assert strict_json.read(b'{"a": [1, "\xc3\xa9", null]}') == {"a": [1, "é", None]}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"NaN",
        b"[-Infinity]",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b"1" * 10_000,
    ],
    ids=lambda text: text[:12],
)
def test_what_has_no_one_meaning_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        strict_json.read(text)
