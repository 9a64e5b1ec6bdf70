"""Parameters of a request, from bytes: the one decoder of queries and forms of the protocol."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import parse_qsl

from idp.core.errors import IdpError

LONGEST = 16_384
MOST = 60


class MalformedError(IdpError):
    """Bytes that are no parameters: too long, NUL, not UTF-8, not ASCII on the wire."""

    def __init__(self, detail: str) -> None:
        super().__init__("invalid_request", f"The request is malformed: {detail}.", detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """Names and values, once each; `repeated` names were sent more than once."""

    values: Mapping[str, str]
    repeated: frozenset[str]
    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str:
        """RFC 6749 §3.1: a parameter without a value is as if it had not been sent."""
        return self.values.get(name, "")


def parse_parameters(raw: bytes) -> Parameters:
    """`application/x-www-form-urlencoded`, strictly UTF-8, bounded, without NUL."""
    if len(raw) > LONGEST:
        raise MalformedError("too long")
    try:
        # RFC 3986 §2: what is not ASCII is percent-encoded.
        pairs = parse_qsl(
            raw.decode("ascii"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=MOST,
        )
    except UnicodeDecodeError as error:
        raise MalformedError("not UTF-8") from error
    except ValueError as error:
        raise MalformedError("too many parameters") from error
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise MalformedError("NUL character")
    names = [name for name, _value in pairs]
    return Parameters(
        # The first one, as a form that repeats a name must not override what came before it.
        values=MappingProxyType(dict(reversed(pairs))),
        repeated=frozenset(name for name in names if names.count(name) > 1),
        pairs=tuple(pairs),
    )
