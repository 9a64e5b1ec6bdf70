"""Native messaging's frames: a length on 32 bits in the machine's order, then JSON in UTF-8."""

import json
import struct
from typing import IO, Any

from cps_bridge.messages import MAX_BYTES

_LENGTH = struct.Struct("=I")


class FrameError(Exception):
    """What arrived is no frame that may be read; nothing of it was parsed."""


def read_frame(stream: IO[bytes]) -> str | None:
    """Return the next message, None when the browser closed the pipe.

    Raises FrameError for more than MAX_BYTES, for a frame cut short, for what is not UTF-8.
    """
    header = stream.read(_LENGTH.size)
    if not header:
        return None
    if len(header) < _LENGTH.size:
        raise FrameError("cut short")
    (length,) = _LENGTH.unpack(header)
    if length > MAX_BYTES:
        raise FrameError(f"{length} bytes")
    content = stream.read(length)
    if len(content) < length:
        raise FrameError("cut short")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise FrameError("not UTF-8") from error


def write_frame(stream: IO[bytes], message: dict[str, Any]) -> None:
    """Send one message; raises ConnectionError when the browser closed the pipe."""
    content = json.dumps(message).encode()
    stream.write(_LENGTH.pack(len(content)) + content)
    stream.flush()
