"""The socket between a virtual card and `vpcd`, the virtual reader of the vsmartcard project.

The card connects to the reader's TCP port: connected is inserted, closed is pulled.  Each message
is two bytes of length (big-endian) and as many bytes; a message of one byte is an order to the
card (off, on, reset, "tell the ATR"), any other is a command APDU.
"""

import socket
import threading
import time
from contextlib import suppress
from typing import Protocol

OFF, ON, RESET, TELL_ATR = 0, 1, 2, 4
CONNECT_SECONDS = 10.0
STUCK_SECONDS = 10.0


class SmartCard(Protocol):
    """What a reader does with a card."""

    atr: bytes

    def power(self, *, on: bool) -> None:
        """Switch on (also: reset) or off."""

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one command APDU."""


class PulledError(Exception):
    """Raised by a card's `transmit` to leave the reader in mid-command."""


class Slot:
    """One reader's slot.  A thread of its own serves the card that is in.

    pcscd learns of a card a moment later: `Pcscd.insert` and `Pcscd.eject` wait for that.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def insert(self, card: SmartCard) -> None:
        """Push `card` in."""
        assert self._socket is None, "a card is in"
        self._socket = _connect(self._port)
        self._thread = threading.Thread(
            target=_serve, args=(self._socket, card), name="virtual-card", daemon=True
        )
        self._thread.start()

    def eject(self) -> None:
        """Pull the card, whatever it is doing; harmless where there is none."""
        if self._socket is None:
            return
        _shut(self._socket)
        assert self._thread is not None
        self._thread.join(STUCK_SECONDS)
        assert not self._thread.is_alive(), "the card is stuck"
        self._socket = self._thread = None


def _connect(port: int) -> socket.socket:
    """Connect as soon as the reader listens."""
    deadline = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=CONNECT_SECONDS)
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            connection.settimeout(None)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connection


def _serve(connection: socket.socket, card: SmartCard) -> None:
    """Obey and answer until either side leaves."""
    try:
        while (message := _receive(connection)) is not None:
            if len(message) != 1:
                _send(connection, card.transmit(message))
            elif message[0] == TELL_ATR:
                _send(connection, card.atr)
            else:
                card.power(on=message[0] in {ON, RESET})
    except (OSError, PulledError):
        # Pulled: the reader finds the connection closed.
        pass
    finally:
        card.power(on=False)
        _shut(connection)
        connection.close()


def _receive(connection: socket.socket) -> bytes | None:
    """Return one message, None when the reader has gone."""
    size = _exactly(connection, 2)
    return None if size is None else _exactly(connection, int.from_bytes(size, "big"))


def _exactly(connection: socket.socket, length: int) -> bytes | None:
    received = b""
    while len(received) < length:
        # Without it each exchange waits 40 ms for a delayed acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        piece = connection.recv(length - len(received))
        if not piece:
            return None
        received += piece
    return received


def _send(connection: socket.socket, message: bytes) -> None:
    connection.sendall(len(message).to_bytes(2, "big") + message)


def _shut(connection: socket.socket) -> None:
    # The other side may have shut it first.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
