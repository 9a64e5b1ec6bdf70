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
NOTICED_SECONDS = 10.0


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
    """One reader's slot.  A thread of its own serves the card that is in."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def insert(self, card: SmartCard) -> None:
        """Push `card` in; returns once pcscd tells its programs of it."""
        assert self._socket is None, "a card is in"
        self._socket = _connect(self._port)
        contact = Contact(self._socket, card)
        self._thread = threading.Thread(target=contact.serve, name="virtual-card", daemon=True)
        self._thread.start()
        assert contact.is_known.wait(NOTICED_SECONDS), "the reader never switched the card on"

    def eject(self) -> None:
        """Pull the card, whatever it is doing; harmless where there is none."""
        if self._socket is None:
            return
        _shut(self._socket)
        assert self._thread is not None
        self._thread.join(NOTICED_SECONDS)
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


class Contact:
    """A card in a slot, from its insertion to its removal."""

    def __init__(self, connection: socket.socket, card: SmartCard) -> None:
        self._connection = connection
        self._card = card
        self._was_switched_on = self._told_atr = False
        self.is_known = threading.Event()

    def serve(self) -> None:
        """Obey and answer until either side leaves."""
        try:
            while (message := _receive(self._connection)) is not None:
                if len(message) == 1:
                    self._obey(message[0])
                else:
                    _send(self._connection, self._card.transmit(message))
        except (OSError, PulledError):
            # Pulled: the reader finds the connection closed.
            pass
        finally:
            self._card.power(on=False)
            _shut(self._connection)
            self._connection.close()

    def _obey(self, order: int) -> None:
        if order == TELL_ATR:
            # pcscd reads the ATR as it switches a card on, then tells its programs, then asks
            # again and again whether the card is there: this is the first such question.
            if self._told_atr:
                self.is_known.set()
            self._told_atr = self._was_switched_on
            _send(self._connection, self._card.atr)
            return
        self._card.power(on=order in {ON, RESET})
        self._was_switched_on |= order == ON


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
