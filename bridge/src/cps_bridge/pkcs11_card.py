"""One card behind a PKCS#11 module: what it holds, and its one signature for one challenge."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import pkcs11
from cryptography import x509
from pkcs11.constants import Attribute, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    AnotherUserAlreadyLoggedIn,
    AttributeTypeInvalid,
    DeviceError,
    DeviceRemoved,
    FunctionCancelled,
    GeneralError,
    MechanismInvalid,
    MultipleObjectsReturned,
    NoSuchKey,
    PinIncorrect,
    PinInvalid,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    SessionClosed,
    SessionHandleInvalid,
    SlotIDInvalid,
    TokenNotPresent,
    UserAlreadyLoggedIn,
    UserNotLoggedIn,
)
from pkcs11.mechanisms import Mechanism
from pkcs11.types import PROTECTED_AUTH

from cps_bridge.certificates import (
    Algorithm,
    AuthenticationCertificate,
    StoredCertificate,
    is_for_authentication,
)
from cps_bridge.errors import BridgeError, Code, PinNeededAgainError
from cps_bridge.pkcs11_cache import VENDOR, cache_directories, discard_copies
from cps_bridge.reader import Tries
from cps_bridge.web_eid import P256_BYTES, digest_info

log = logging.getLogger(__name__)
SETTLE_SECONDS = 0.4
PRESENCE_SECONDS = 0.5
INTERRUPTED = "La lecture de la carte a été interrompue. Votre code est à taper de nouveau."
PIN_CHANGED = "La carte demande de nouveau votre code."
# How the genuine library tells of a card that was pulled: never by DEVICE_REMOVED alone.
GONE = (SessionHandleInvalid, SessionClosed, DeviceRemoved, TokenNotPresent, SlotIDInvalid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A token as it was found, with the certificates it shows without PIN."""

    slot: pkcs11.Slot
    token: pkcs11.Token
    certificates: tuple[StoredCertificate, ...]


class Slots(Protocol):
    """What a card needs of the access it came from."""

    def slots_with_card(self) -> list[pkcs11.Slot]:
        """Return the slots that hold a token."""

    def restart(self) -> None:
        """Finalise and initialise the module."""


def look_at(slot: pkcs11.Slot) -> Seen | None:
    """Return the token in `slot`; None for one that asks no PIN, which is no login credential."""
    token = slot.get_token()
    needed = TokenFlag.TOKEN_INITIALIZED | TokenFlag.LOGIN_REQUIRED
    if int(token.flags) & needed != needed:
        return None
    session = token.open()
    try:
        return Seen(slot=slot, token=token, certificates=tuple(_read_certificates(session)))
    finally:
        _close(session)


def has_authentication(seen: Seen) -> bool:
    """Say whether one of its certificates may log a person in."""
    return any(_authenticates(stored.der) for stored in seen.certificates)


class Pkcs11Card:
    """Implements `reader.Card`."""

    def __init__(
        self,
        seen: Seen,
        *,
        access: Slots,
        library_vendor: str,
        locked_serials: set[bytes],
        pause: Callable[[float], None],
    ) -> None:
        self._seen = seen
        self._access = access
        self._library_vendor = library_vendor
        self._locked_serials = locked_serials
        self._pause = pause
        self._checked_at = time.monotonic()

    @property
    def certificates(self) -> tuple[StoredCertificate, ...]:
        """The certificates readable without PIN."""
        return self._seen.certificates

    @property
    def protected_path(self) -> bool:
        """Whether the reader has its own pad and the module uses it."""
        return bool(int(self._seen.token.flags) & TokenFlag.PROTECTED_AUTHENTICATION_PATH)

    @property
    def tries(self) -> Tries:
        """The flags as warnings; a LOCKED flag alone can be false on a healthy CPS4."""
        flags = int(self._seen.token.flags)
        if flags & TokenFlag.USER_PIN_LOCKED and self._seen.token.serial in self._locked_serials:
            return Tries.LOCKED
        if flags & TokenFlag.USER_PIN_FINAL_TRY:
            return Tries.FINAL
        return Tries.LOW if flags & TokenFlag.USER_PIN_COUNT_LOW else Tries.FULL

    def is_present(self) -> bool:
        """Ask the slot list, at most twice a second; never the token, which costs exchanges."""
        if time.monotonic() - self._checked_at < PRESENCE_SECONDS:
            return True
        self._checked_at = time.monotonic()
        return self._slot_holds_card()

    def sign(
        self, *, pin: str | None, certificate: AuthenticationCertificate, message: bytes
    ) -> bytes:
        """Open, log in, one signature, close.  Never repeats a signature, never replays a PIN."""
        with self._translated():
            self._check_same_card()
            # The wrapper's default is a log-in only when a PIN or PROTECTED_AUTH is given.
            session = self._seen.token.open(user_pin=PROTECTED_AUTH if pin is None else pin)
            try:
                self._locked_serials.discard(self._seen.token.serial)
                return _sign_once(session, certificate, message)
            finally:
                _close(session)

    def discard_cached_copies(self) -> bool:
        """Delete the vendor library's copies of this card, and make it read the card again."""
        if self._library_vendor != VENDOR:
            return False
        serial = self._seen.token.serial.decode("ascii", "replace").strip("\0 ")
        was_cached = discard_copies(serial, directories=cache_directories())
        if was_cached:
            self._access.restart()
        return was_cached

    def _check_same_card(self) -> None:
        if self._seen.slot.get_token().serial != self._seen.token.serial:
            raise BridgeError(Code.CARD_REMOVED, detail="another card was inserted")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the module's codes into what happened to the card."""
        try:
            yield
        except (PinIncorrect, PinLenRange, PinInvalid) as error:
            raise self._pin_refused() from error
        except PinLocked as error:
            raise self._locked() from error
        except (UserNotLoggedIn, UserAlreadyLoggedIn, AnotherUserAlreadyLoggedIn) as error:
            # A login that this challenge did not make, or one that the card has forgotten.
            self._access.restart()
            raise PinNeededAgainError(PIN_CHANGED) from error
        except (*GONE, GeneralError, DeviceError) as error:
            raise self._interrupted(error) from error
        except FunctionCancelled as error:
            raise BridgeError(Code.USER_CANCELLED, detail="cancelled on the reader") from error
        except (NoSuchKey, MultipleObjectsReturned) as error:
            raise BridgeError(Code.CARD_ERROR, detail="no key of the certificate's id") from error
        except PKCS11Error as error:
            raise BridgeError(Code.CARD_ERROR, detail=type(error).__name__) from error

    def _pin_refused(self) -> BridgeError:
        """Read the flags afresh: only they tell the third wrong PIN from the first on a CPS3."""
        try:
            flags = int(self._seen.slot.get_token().flags)
        except PKCS11Error:
            return BridgeError(Code.PIN_INCORRECT)
        if flags & TokenFlag.USER_PIN_LOCKED:
            return self._locked()
        is_final = bool(flags & TokenFlag.USER_PIN_FINAL_TRY)
        is_low = is_final or bool(flags & TokenFlag.USER_PIN_COUNT_LOW)
        return BridgeError(Code.PIN_INCORRECT, final_try=is_final, low_tries=is_low)

    def _locked(self) -> BridgeError:
        self._locked_serials.add(self._seen.token.serial)
        return BridgeError(Code.PIN_LOCKED)

    def _interrupted(self, error: PKCS11Error) -> BridgeError | PinNeededAgainError:
        """Tell a pulled card from one that another program reset."""
        log.info("interrupted error=%s", type(error).__name__)
        # For half a second after a removal the module may still list the card.
        self._pause(SETTLE_SECONDS)
        if isinstance(error, DeviceError):
            self._access.restart()
        if not self._slot_holds_card():
            return BridgeError(Code.CARD_REMOVED)
        if self._slot_holds_another():
            # Its holder did not ask for this login: the page says so before a PIN is typed.
            return BridgeError(Code.CARD_REMOVED, detail="another card was inserted")
        return PinNeededAgainError(INTERRUPTED)

    def _slot_holds_another(self) -> bool:
        try:
            return self._seen.slot.get_token().serial != self._seen.token.serial
        except PKCS11Error:
            # Not readable yet: looking for a card again will tell.
            return False

    def _slot_holds_card(self) -> bool:
        wanted = self._seen.slot.slot_id
        return any(slot.slot_id == wanted for slot in self._access.slots_with_card())


def _sign_once(session: pkcs11.Session, chosen: AuthenticationCertificate, message: bytes) -> bytes:
    """Sign with the key that shares the certificate's CKA_ID."""
    key: Any = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=chosen.key_id)
    prepared = digest_info(message)
    if chosen.algorithm is Algorithm.ES256:
        # CKM_ECDSA signs the bare hash, and answers r‖s.
        return bytes(
            key.sign(prepared[-32:], mechanism=Mechanism.ECDSA, buffer_size=2 * P256_BYTES)
        )
    public_key: Any = chosen.certificate.public_key()
    # A result buffer larger than the key makes the CPS4's authentication key fail.
    size = public_key.key_size // 8
    try:
        # The only mechanism that works with the authentication key of every CPS.
        return bytes(key.sign(prepared, mechanism=Mechanism.RSA_PKCS, buffer_size=size))
    except MechanismInvalid:
        # Refused before signing: a module of another make that wants to hash by itself.
        return bytes(key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS, buffer_size=size))


def _read_certificates(session: pkcs11.Session) -> Iterator[StoredCertificate]:
    for found in session.get_objects({Attribute.CLASS: ObjectClass.CERTIFICATE}):
        try:
            yield StoredCertificate(
                key_id=bytes(found[Attribute.ID]), der=bytes(found[Attribute.VALUE])
            )
        except AttributeTypeInvalid:
            continue


def _authenticates(der: bytes) -> bool:
    try:
        return is_for_authentication(x509.load_der_x509_certificate(der))
    except ValueError:
        return False


def _close(session: pkcs11.Session) -> None:
    """Close; a session that died with its card must not hide the first error."""
    try:
        session.close()
    except PKCS11Error as error:
        log.debug("close_failed error=%s", type(error).__name__)
