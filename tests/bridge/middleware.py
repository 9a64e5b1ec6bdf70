"""Plays a PKCS#11 module with the codes measured on the genuine CPS library (Cryptolib 5.2.2).

Stands where `pkcs11.lib(...)` does.  `failures` holds, for a call, the errors it raises next.
"""

from collections import defaultdict
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from pkcs11 import Attribute, Mechanism, ObjectClass
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    MechanismInvalid,
    NoSuchKey,
    PinIncorrect,
    PinLocked,
    PKCS11Error,
    SessionHandleInvalid,
    TokenNotPresent,
)
from pkcs11.types import PROTECTED_AUTH

from tests.bridge.pki import Pair

READY = TokenFlag.TOKEN_INITIALIZED | TokenFlag.LOGIN_REQUIRED
FLAGS = {
    3: 0,
    2: TokenFlag.USER_PIN_COUNT_LOW,
    1: TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY,
    0: TokenFlag.USER_PIN_LOCKED,
}
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")

# CKA_IDs of a CPS: authentication, signature.
AUTH, SIGN = b"\x12\x16", b"\x12\x17"


class CpsCard:
    """A card: certificates, keys, a PIN with three tries."""

    def __init__(self, entries: dict[bytes, Pair], *, serial: bytes = b"29000000") -> None:
        self.entries = entries
        self.keys = {key_id: pair.key for key_id, pair in entries.items()}
        self.serial = serial
        self.label = "ASIP CPS"
        self.pin = "1234"
        self.tries = 3
        self.third_wrong_is_locked = True
        self.extra_flags = 0
        self.pins_seen: list[str] = []
        self.signatures = 0
        self.mechanisms = {Mechanism.RSA_PKCS, Mechanism.ECDSA}
        self.buffers: list[int] = []

    @property
    def flags(self) -> int:
        return int(READY | FLAGS[self.tries] | self.extra_flags)

    def verify(self, pin: str) -> None:
        self.pins_seen.append(pin)
        if self.tries == 0:
            raise PinLocked
        if pin == self.pin:
            self.tries = 3
            return
        self.tries -= 1
        if self.tries == 0 and self.third_wrong_is_locked:
            raise PinLocked
        raise PinIncorrect


class Middleware:
    """A loaded module with one reader a card slot; `cards[0]` sits in slot 0."""

    def __init__(self, *cards: CpsCard | None, vendor: str = "ANS") -> None:
        self.manufacturer_id = vendor
        self.cards = list(cards)
        self.failures: dict[str, list[PKCS11Error]] = defaultdict(list)
        self.calls: list[str] = []
        self.is_initialized = False
        self.open_sessions = 0
        self.is_logged_in = False
        self.before: dict[str, Any] = {}

    def happen(self, call: str) -> None:
        """Record the call, run what was planned before it, raise what was planned for it."""
        self.calls.append(call)
        if call in self.before:
            self.before.pop(call)()
        if self.failures[call]:
            raise self.failures[call].pop(0)

    def initialize(self) -> None:
        self.happen("initialize")
        self.is_initialized = True

    def finalize(self) -> None:
        self.happen("finalize")
        self.is_initialized = self.is_logged_in = False
        self.open_sessions = 0

    def get_slots(self, token_present: bool = False) -> list[Any]:
        assert self.is_initialized
        self.happen("get_slots")
        slots = [Slot(self, position) for position in range(len(self.cards))]
        return [slot for slot in slots if slot.card] if token_present else slots


class Slot:
    def __init__(self, module: Middleware, slot_id: int) -> None:
        self.module = module
        self.slot_id = slot_id

    @property
    def card(self) -> CpsCard | None:
        return self.module.cards[self.slot_id]

    def get_token(self) -> "Token":
        self.module.happen("get_token")
        if self.card is None:
            raise TokenNotPresent
        return Token(self.module, self.card)


class Token:
    def __init__(self, module: Middleware, card: CpsCard) -> None:
        self.module = module
        self.card = card
        self.label, self.serial, self.flags = card.label, card.serial, card.flags

    def open(self, user_pin: Any = None) -> "Session":
        if user_pin is None:
            self.module.happen("open")
        else:
            assert not self.module.is_logged_in
            self.module.happen("login")
            if user_pin is not PROTECTED_AUTH:
                self.card.verify(user_pin)
            self.module.is_logged_in = True
        self.module.open_sessions += 1
        return Session(self.module, self.card)


class Session:
    def __init__(self, module: Middleware, card: CpsCard) -> None:
        self.module = module
        self.card = card

    def get_objects(self, attributes: dict[Any, Any]) -> list[dict[Any, Any]]:
        assert attributes == {Attribute.CLASS: ObjectClass.CERTIFICATE}
        return [
            {Attribute.ID: key_id, Attribute.VALUE: pair.certificate_der}
            for key_id, pair in self.card.entries.items()
        ]

    def get_key(self, *, object_class: Any, id: bytes) -> "Key":  # noqa: A002
        assert object_class is ObjectClass.PRIVATE_KEY
        if not self.module.is_logged_in or id not in self.card.keys:
            raise NoSuchKey
        return Key(self.module, self.card, id)

    def close(self) -> None:
        if self.card not in self.module.cards:
            raise SessionHandleInvalid
        self.module.open_sessions -= 1
        self.module.is_logged_in = False


class Key:
    def __init__(self, module: Middleware, card: CpsCard, key_id: bytes) -> None:
        self.module = module
        self.card = card
        self.key = card.keys[key_id]

    def sign(self, data: bytes, *, mechanism: Mechanism, buffer_size: int) -> bytes:
        if mechanism not in self.card.mechanisms:
            raise MechanismInvalid
        self.module.happen("sign")
        self.card.signatures += 1
        self.card.buffers.append(buffer_size)
        return self._signature(data, mechanism)

    def _signature(self, data: bytes, mechanism: Mechanism) -> bytes:
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            der = self.key.sign(data, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
            r, s = utils.decode_dss_signature(der)
            return r.to_bytes(32, "big") + s.to_bytes(32, "big")
        assert isinstance(self.key, rsa.RSAPrivateKey)
        if mechanism is Mechanism.SHA256_RSA_PKCS:
            return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        assert data.startswith(DIGEST_INFO)
        digest = data.removeprefix(DIGEST_INFO)
        return self.key.sign(digest, padding.PKCS1v15(), utils.Prehashed(hashes.SHA256()))
