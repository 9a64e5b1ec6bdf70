"""JSON from outside: one text has one meaning, and no text does worse than be refused."""

import json
from collections.abc import Iterator
from typing import Any


def read(text: bytes | str) -> Any:
    """The value. ValueError for anything else: a name twice, NaN, a nesting too deep, not UTF-8.

    NUL and half a surrogate pair may be escaped in JSON, but no database keeps them (RFC 7493 §2.1
    leaves the latter out): strings that hold one are refused wherever they stand.
    """
    written = text if isinstance(text, str) else text.decode()
    try:
        value = json.loads(written, object_pairs_hook=_without_repetition, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    # Neither can stand in a JSON text but by an escape, unless a str came with half a pair in it.
    if ("\\u" in written or isinstance(text, str)) and not all(map(_is_kept, _strings(value))):
        raise ValueError("a string with NUL or half a surrogate pair")
    return value


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # One parser, one value: a second `signature` would be read by some and not by others.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated member")
    return members


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _is_kept(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _strings(value: object) -> Iterator[str]:
    """Every string of a document, names too; without recursion, since it may be deep."""
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case dict() as members:
                left += (*members, *members.values())
            case list() as elements:
                left += elements
