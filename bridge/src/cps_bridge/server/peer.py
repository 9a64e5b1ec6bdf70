"""Whose program is at the other end of a loopback connection (Linux: /proc/net/tcp)."""

import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

LOOPBACK = "127.0.0.1"
ESTABLISHED = "01"
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LOCAL, _REMOTE, _STATE, _UID = 1, 2, 3, 7


def can_tell() -> bool:
    """Say whether this system offers the check; elsewhere Host and Origin stand alone."""
    return sys.platform == "linux"


def uid_of_peer(
    peer: tuple[str, int], *, port: int, tables: tuple[Path, ...] = TABLES
) -> int | None:
    """Return the user id that owns the peer's end of the connection to our `port`."""
    ends = [(written(peer), written((LOOPBACK, port))) for written in (_ipv4, _mapped)]
    for local, remote, state, uid in _rows(tables):
        if (local, remote) in ends and state == ESTABLISHED:
            return uid
    return None


def _rows(tables: tuple[Path, ...]) -> Iterator[tuple[str, str, str, int]]:
    for table in tables:
        try:
            lines = table.read_text("ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            column = line.split()
            yield column[_LOCAL], column[_REMOTE], column[_STATE], int(column[_UID])


def _ipv4(end: tuple[str, int]) -> str:
    """Write an address as the kernel does: the 32-bit word in host order, in hexadecimal."""
    (word,) = struct.unpack("=I", socket.inet_aton(end[0]))
    return f"{word:08X}:{end[1]:04X}"


def _mapped(end: tuple[str, int]) -> str:
    """Write it as an IPv4-mapped IPv6 address: some clients connect through such a socket."""
    prefix = "".join(f"{word:08X}" for word in struct.unpack("=3I", b"\0" * 10 + b"\xff\xff"))
    return prefix + _ipv4(end)
