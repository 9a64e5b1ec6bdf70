"""A virtual card with a true PIN lock: the PIV application of NIST SP 800-73-4.

OpenSC speaks PIV and nothing of this card is OpenSC's: its files, its keys and its counters are
here.  An authentication key (9A) and, where given, a signature key (9C), RSA 2048 or P-256.
Counters outlive a removal, the proof of a PIN does not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from secrets import token_bytes

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding

from tests.emulators.iso7816 import Command, Dialogue, RefusedError, Status, read_tlvs, tlv

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
# SP 800-73-4 Part 1 §2.2: the application's identifier, version 1.0.
AID = bytes.fromhex("A000000308000010000100")
# Historical bytes that carry the AID: from a bare ATR, OpenSC takes the card for one without EC.
ATR = bytes.fromhex("3B8B800180F9A00000030800001000C8")
MAX_TRIES = 3
PIN_BYTES = 8
AUTHENTICATION, SIGNATURE = 0x9A, 0x9C
PIN_REFERENCE, PUK_REFERENCE = 0x80, 0x81
# SP 800-73-4 Part 1, table 3: the data objects' tags.
CAPABILITIES, CHUID, DISCOVERY = 0x5FC107, 0x5FC102, 0x7E
CERTIFICATE_OF = {AUTHENTICATION: 0x5FC105, SIGNATURE: 0x5FC10A}
# SP 800-78-4, table 6-2: algorithm identifiers.
RSA_2048, ECC_P256 = 0x07, 0x11
# A FASC-N of agency 9999, "none": the card is told by its GUID.
FASC_N = bytes.fromhex("D4E739DA739CED39CE739D836858210842108421C84210C3EB")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """A key of the card with its certificate."""

    certificate: x509.Certificate
    key: PrivateKey


class Secret:
    """A PIN or PUK with its counter of tries, which nothing but the right one puts back."""

    def __init__(self, digits: str) -> None:
        self._value = _padded(digits)
        self.left = MAX_TRIES

    def present(self, value: bytes) -> None:
        """Raise RefusedError: WRONG with the tries left, BLOCKED once there are none."""
        if self.left == 0:
            raise RefusedError(Status.BLOCKED)
        if value != self._value:
            self.left -= 1
            raise RefusedError(Status.WRONG, left=self.left)
        self.left = MAX_TRIES

    def replace(self, value: bytes) -> None:
        """Take a new value, with all its tries."""
        self._value = value
        self.left = MAX_TRIES


class PivCard:
    """Implements `vpcd.SmartCard`.  `before` sees each whole command first: a test's hook."""

    def __init__(
        self, keys: dict[int, KeyPair], *, pin: str = "1234", puk: str = "87654321"
    ) -> None:
        self.atr = ATR
        self.pin, self.puk = Secret(pin), Secret(puk)
        self.is_verified = False
        self.pins_presented = 0
        self.signatures = 0
        self.before: Callable[[Command], None] = lambda _command: None
        self._is_fresh = False
        self._keys = keys
        self._objects = _data_objects(keys)
        self._dialogue = Dialogue(self._execute)

    def power(self, *, on: bool) -> None:
        """Switch on, off, or on again (a reset): whatever it was, the PIN is to be proved anew."""
        self.is_verified = self._is_fresh = False
        self._dialogue.reset()

    def transmit(self, apdu: bytes) -> bytes:
        """Answer one command APDU."""
        return self._dialogue.exchange(apdu)

    def _execute(self, command: Command) -> bytes:
        self.before(command)
        answer = INSTRUCTIONS.get(command.ins)
        if answer is None:
            raise RefusedError(Status.NO_INSTRUCTION)
        return answer(self, command)

    def _select(self, command: Command) -> bytes:
        """SP 800-73-4 Part 2 §3.1.1.  The AID's version may be left out."""
        if command.p1 != 0x04 or len(command.data) < 9 or not AID.startswith(command.data):
            raise RefusedError(Status.NOT_FOUND)
        return tlv(0x61, tlv(0x4F, AID[5:]), tlv(0x79, tlv(0x4F, AID[:5])))

    def _get_data(self, command: Command) -> bytes:
        """SP 800-73-4 Part 2 §3.1.2."""
        if command.reference != 0x3FFF:
            raise RefusedError(Status.WRONG_PARAMETERS)
        wanted = int.from_bytes(read_tlvs(command.data).get(0x5C, b""), "big")
        if wanted not in self._objects:
            raise RefusedError(Status.NOT_FOUND)
        return self._objects[wanted]

    def _verify(self, command: Command) -> bytes:
        """SP 800-73-4 Part 2 §3.2.1.  Without data: how the PIN stands, at no cost."""
        if command.p2 != PIN_REFERENCE:
            raise RefusedError(Status.NO_REFERENCE)
        if command.p1 == 0xFF:
            self.is_verified = False
            return b""
        if not command.data:
            if self.is_verified:
                return b""
            raise self._state_of_pin()
        self.is_verified = self._is_fresh = False
        _check_length(command.data, PIN_BYTES)
        self.pins_presented += 1
        self.pin.present(command.data)
        self.is_verified = self._is_fresh = True
        return b""

    def _state_of_pin(self) -> RefusedError:
        if self.pin.left == 0:
            return RefusedError(Status.BLOCKED)
        return RefusedError(Status.WRONG, left=self.pin.left)

    def _change_reference_data(self, command: Command) -> bytes:
        """SP 800-73-4 Part 2 §3.2.2: the old value, then the new one."""
        secrets = {PIN_REFERENCE: self.pin, PUK_REFERENCE: self.puk}
        if command.p2 not in secrets:
            raise RefusedError(Status.NO_REFERENCE)
        _check_length(command.data, 2 * PIN_BYTES)
        secrets[command.p2].present(command.data[:PIN_BYTES])
        secrets[command.p2].replace(command.data[PIN_BYTES:])
        return b""

    def _reset_retry_counter(self, command: Command) -> bytes:
        """SP 800-73-4 Part 2 §3.2.3: the PUK, then the new PIN."""
        if command.p2 != PIN_REFERENCE:
            raise RefusedError(Status.NO_REFERENCE)
        _check_length(command.data, 2 * PIN_BYTES)
        self.puk.present(command.data[:PIN_BYTES])
        self.pin.replace(command.data[PIN_BYTES:])
        return b""

    def _general_authenticate(self, command: Command) -> bytes:
        """SP 800-73-4 Part 2 §3.2.4: one signature of what the host padded or hashed."""
        algorithm, reference = command.p1, command.p2
        pair = self._keys.get(reference)
        if pair is None or algorithm != _algorithm_of(pair.key):
            raise RefusedError(Status.WRONG_PARAMETERS)
        # SP 800-73-4 Part 1, table 4b: 9C is "PIN always", a new proof for each signature.
        if not (self._is_fresh if reference == SIGNATURE else self.is_verified):
            raise RefusedError(Status.NOT_SATISFIED)
        self._is_fresh = False
        challenge = read_tlvs(read_tlvs(command.data).get(0x7C, b"")).get(0x81, b"")
        signature = _sign(pair.key, challenge)
        self.signatures += 1
        return tlv(0x7C, tlv(0x82, signature))


INSTRUCTIONS: dict[int, Callable[[PivCard, Command], bytes]] = {
    0x20: PivCard._verify,
    0x24: PivCard._change_reference_data,
    0x2C: PivCard._reset_retry_counter,
    0x87: PivCard._general_authenticate,
    0xA4: PivCard._select,
    0xCB: PivCard._get_data,
}


def _padded(digits: str) -> bytes:
    """SP 800-73-4 Part 2 §2.4.3: ASCII digits, filled up with FF."""
    return digits.encode("ascii").ljust(PIN_BYTES, b"\xff")


def _check_length(data: bytes, length: int) -> None:
    if len(data) != length:
        raise RefusedError(Status.WRONG_DATA)


def _algorithm_of(key: PrivateKey) -> int:
    return RSA_2048 if isinstance(key, rsa.RSAPrivateKey) else ECC_P256


def _sign(key: PrivateKey, challenge: bytes) -> bytes:
    """RSA: the bare exponentiation, of a block that the host padded.  P-256: of its hash, DER."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        _check_length(challenge, 32)
        return key.sign(challenge, ec.ECDSA(Prehashed(hashes.SHA256())))
    size = key.key_size // 8
    _check_length(challenge, size)
    numbers = key.private_numbers()
    modulus = numbers.public_numbers.n
    return pow(int.from_bytes(challenge, "big"), numbers.d, modulus).to_bytes(size, "big")


def _data_objects(keys: dict[int, KeyPair]) -> dict[int, bytes]:
    """SP 800-73-4 Part 1, appendix A: what GET DATA hands out, each in its envelope."""
    objects = {
        # Card identifier, versions of the container and of its model, the rest empty.
        CAPABILITIES: tlv(
            0x53,
            tlv(0xF0, bytes.fromhex("A000000116FF02"), token_bytes(14)),
            *(tlv(0xF1, b"\x21"), tlv(0xF2, b"\x21"), tlv(0xF3), tlv(0xF4, b"\x00")),
            *(tlv(0xF5, b"\x10"), tlv(0xF6), tlv(0xF7), tlv(0xFA), tlv(0xFB)),
            *(tlv(0xFC), tlv(0xFD), tlv(0xFE)),
        ),
        # FASC-N, GUID, expiry, no issuer signature.
        CHUID: tlv(
            0x53,
            *(tlv(0x30, FASC_N), tlv(0x34, token_bytes(16)), tlv(0x35, b"20991231")),
            *(tlv(0x3E), tlv(0xFE)),
        ),
        # Part 1 §3.3.2: only the application's own PIN opens the keys.
        DISCOVERY: tlv(DISCOVERY, tlv(0x4F, AID), tlv(0x5F2F, b"\x40\x00")),
    }
    for reference, pair in keys.items():
        der = pair.certificate.public_bytes(Encoding.DER)
        # The certificate, "not compressed", no error detection code.
        objects[CERTIFICATE_OF[reference]] = tlv(
            0x53, tlv(0x70, der), tlv(0x71, b"\x00"), tlv(0xFE)
        )
    return objects
