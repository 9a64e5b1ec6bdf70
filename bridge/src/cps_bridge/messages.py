"""The messages of `cps-bridge.v1`: one strict parser for what comes in, one writer for the rest."""

import json
from dataclasses import dataclass
from typing import Any

from cps_bridge.authentication import Progress
from cps_bridge.errors import BridgeError, Code
from cps_bridge.reader import Status
from cps_bridge.web_eid import Token

MAX_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticate:
    """The one request a page may make."""

    challenge: str


def parse(text: str) -> Authenticate:
    """Return the request; raises UNKNOWN_MESSAGE, BAD_MESSAGE or BAD_CHALLENGE."""
    message = _read(text)
    if message["type"] != "authenticate":
        raise BridgeError(Code.UNKNOWN_MESSAGE)
    if set(message) != {"type", "challenge"}:
        raise BridgeError(Code.BAD_MESSAGE)
    if not isinstance(message["challenge"], str):
        raise BridgeError(Code.BAD_CHALLENGE)
    return Authenticate(challenge=message["challenge"])


def parse_hello(text: str) -> str:
    """Return the origin that the extension read from its browser; native messaging only."""
    message = _read(text)
    if message["type"] != "hello":
        raise BridgeError(Code.UNKNOWN_MESSAGE)
    if set(message) != {"type", "origin"} or not isinstance(message["origin"], str):
        raise BridgeError(Code.BAD_MESSAGE)
    return message["origin"]


def status_message(status: Status) -> dict[str, Any]:
    """Tell whether a card is there: no identity leaves before the PIN."""
    return {"type": "status", "card": status.card.value, "pin_pad": status.pin_pad}


def progress_message(step: Progress) -> dict[str, Any]:
    """Tell what the person has to do now."""
    message = {"type": "progress", "state": step.state.value}
    return message | ({"code": step.code} if step.code else {})


def token_message(token: Token) -> dict[str, Any]:
    """Hand the token over."""
    return {"type": "token", "token": dict(token)}


def error_message(error: BridgeError) -> dict[str, Any]:
    """Tell the code, and what the card tells of its tries."""
    message: dict[str, Any] = {"type": "error", "code": error.code.value}
    if error.low_tries:
        message["low_tries"] = True
    if error.final_try:
        message["final_try"] = True
    return message


def _read(text: str) -> dict[str, Any]:
    try:
        message = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:
        raise BridgeError(Code.BAD_MESSAGE) from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BridgeError(Code.BAD_MESSAGE)
    return message


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key written twice: two readers of such a message could see two messages."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("repeated key")
    return dict(pairs)
