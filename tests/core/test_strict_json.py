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


@pytest.mark.parametrize("string", ["\\u0000", "\\ud800", "\\udfffa", "\\ud800\\ud800"])
@pytest.mark.parametrize(
    "document", ['"%s"', '["a", {"b": "%s"}]', '{"%s": 1}', '{"a": {"%s": 1}}']
)
def test_a_string_that_no_database_keeps_is_refused(document: str, string: str) -> None:
    with pytest.raises(ValueError, match="surrogate"):
        strict_json.read((document % string).encode())


def test_half_a_pair_in_a_text_is_refused_unescaped_too() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        strict_json.read('"\ud800"')


def test_a_whole_pair_is_a_character() -> None:
    assert strict_json.read(b'{"\\ud83d\\ude00": "\\u00e9"}') == {"\U0001f600": "é"}
