"""JSON from outside: one text has one meaning, and no text does worse than be refused."""

import json
from typing import Any


def read(text: bytes | str) -> Any:
    """The value. ValueError for anything else: a name twice, NaN, a nesting too deep, not UTF-8."""
    try:
        return json.loads(
            text if isinstance(text, str) else text.decode(),
            object_pairs_hook=_without_repetition,
            parse_constant=_refused,
        )
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # One parser, one value: a second `signature` would be read by some and not by others.
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated member")
    return members


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")
