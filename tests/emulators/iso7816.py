"""What every smart card speaks: command APDUs, status words and BER-TLV.

ISO/IEC 7816-3:2006 §12.1.3 (how a command's bytes are told apart) and ISO/IEC 7816-4:2005
§5.1 (chaining, status bytes), §5.2.2 (BER-TLV), §7.6.1 (GET RESPONSE).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

GET_RESPONSE = 0xC0
SHORT_MAXIMUM = 256
EXTENDED_MAXIMUM = 65536
CHAINING = 0x10


class Status(IntEnum):
    """The status words that this project's virtual cards answer."""

    OK = 0x9000
    MORE_DATA = 0x6100
    WRONG = 0x63C0
    WRONG_LENGTH = 0x6700
    NOT_SATISFIED = 0x6982
    BLOCKED = 0x6983
    WRONG_DATA = 0x6A80
    NOT_FOUND = 0x6A82
    WRONG_PARAMETERS = 0x6A86
    NO_REFERENCE = 0x6A88
    NO_INSTRUCTION = 0x6D00


class RefusedError(Exception):
    """A command that the card refuses with a status word; `left` tries go with WRONG (63Cx)."""

    def __init__(self, status: Status, *, left: int = 0) -> None:
        super().__init__(f"{status + left:04X}")
        self.status_word = status + left


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command; `expected` is how many bytes may come back, None where none were asked for."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    expected: int | None = None

    @property
    def reference(self) -> int:
        """P1-P2 as one number."""
        return self.p1 << 8 | self.p2


def parse_command(apdu: bytes) -> Command:
    """Return the command in `apdu`; raises RefusedError(WRONG_LENGTH)."""
    if len(apdu) < 4:
        raise RefusedError(Status.WRONG_LENGTH)
    header, body = apdu[:4], apdu[4:]
    data, expected = _parse_body(body)
    cla, ins, p1, p2 = header
    return Command(cla=cla, ins=ins, p1=p1, p2=p2, data=data, expected=expected)


def _parse_body(body: bytes) -> tuple[bytes, int | None]:
    """Lc, data and Le.  ISO/IEC 7816-3:2006 §12.1.3: cases 1, 2S, 2E, then 3 and 4."""
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or SHORT_MAXIMUM
    is_extended = body[0] == 0
    if is_extended and len(body) == 3:
        return b"", int.from_bytes(body[1:], "big") or EXTENDED_MAXIMUM
    start, length = (3, int.from_bytes(body[1:3], "big")) if is_extended else (1, body[0])
    data, rest = body[start : start + length], body[start + length :]
    if len(data) != length or len(rest) not in {0, 2 if is_extended else 1}:
        raise RefusedError(Status.WRONG_LENGTH)
    if not rest:
        return data, None
    maximum = EXTENDED_MAXIMUM if is_extended else SHORT_MAXIMUM
    return data, int.from_bytes(rest, "big") or maximum


class Dialogue:
    """Puts chained commands together and hands long answers out in pieces.

    `execute` sees whole commands and returns whole answers, or raises RefusedError.
    """

    def __init__(self, execute: Callable[[Command], bytes]) -> None:
        self._execute = execute
        self._chained = b""
        self._answer = b""

    def reset(self) -> None:
        """Forget what was under way: the card lost its power."""
        self._chained = self._answer = b""

    def exchange(self, apdu: bytes) -> bytes:
        """Answer one command APDU with one response APDU."""
        try:
            return self._respond(parse_command(apdu))
        except RefusedError as refused:
            self.reset()
            return refused.status_word.to_bytes(2, "big")

    def _respond(self, command: Command) -> bytes:
        if command.cla & CHAINING:
            # ISO/IEC 7816-4:2005 §5.1.1.1: bit 5 of CLA, "not the last command of a chain".
            self._chained += command.data
            return Status.OK.to_bytes(2, "big")
        if command.ins != GET_RESPONSE:
            whole, self._chained = self._chained + command.data, b""
            self._answer = self._execute(
                Command(
                    cla=command.cla,
                    ins=command.ins,
                    p1=command.p1,
                    p2=command.p2,
                    data=whole,
                    expected=command.expected,
                )
            )
        return self._next_piece(command.expected or 0)

    def _next_piece(self, expected: int) -> bytes:
        """At most `expected` bytes; 61xx tells how many are left (00: 256 or more)."""
        piece, self._answer = self._answer[:expected], self._answer[expected:]
        if not self._answer:
            return piece + Status.OK.to_bytes(2, "big")
        left = len(self._answer) if len(self._answer) < SHORT_MAXIMUM else 0
        return piece + (Status.MORE_DATA + left).to_bytes(2, "big")


def tlv(tag: int, *values: bytes) -> bytes:
    """Write a BER-TLV data object.  ISO/IEC 7816-4:2005 §5.2.2."""
    value = b"".join(values)
    name = tag.to_bytes((tag.bit_length() + 7) // 8 or 1, "big")
    if len(value) < 0x80:
        return name + bytes([len(value)]) + value
    size = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return name + bytes([0x80 | len(size)]) + size + value


def read_tlvs(data: bytes) -> dict[int, bytes]:
    """Read data objects with one-byte tags; raises RefusedError(WRONG_DATA)."""
    found: dict[int, bytes] = {}
    while data:
        tag, length, start = data[0], data[1] if len(data) > 1 else 0, 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start], "big")
        value = data[start : start + length]
        if len(data) < 2 or len(value) != length:
            raise RefusedError(Status.WRONG_DATA)
        found[tag] = value
        data = data[start + length :]
    return found
