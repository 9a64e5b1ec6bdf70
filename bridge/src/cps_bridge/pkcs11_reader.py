"""The real card reader: any PKCS#11 module, with the manners that the genuine CPS library needs.

Every rule about codes and flags was measured on Cryptolib CPS 5.2.2.  One challenge = initialise,
look, log in, one signature, close, finalise: the module keeps a login for the whole process and
re-sends a PIN it remembers, so nothing may outlive a challenge.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Protocol

import pkcs11
from pkcs11.constants import TokenFlag
from pkcs11.exceptions import (
    DeviceError,
    DeviceRemoved,
    GeneralError,
    PKCS11Error,
    SessionHandleInvalid,
    SlotIDInvalid,
    TokenNotPresent,
    TokenNotRecognised,
)

from cps_bridge.errors import BridgeError, Code, SetupError
from cps_bridge.lock import CardLock
from cps_bridge.pkcs11_card import GONE, Pkcs11Card, Seen, has_authentication, look_at
from cps_bridge.pkcs11_library import load
from cps_bridge.reader import Access, CardState, Status

log = logging.getLogger(__name__)
IN_USE_TRIES = 5
IN_USE_PAUSE = 0.4
CPS_LABEL = "ASIP CPS"


class Library(Protocol):
    """The few calls of a loaded module that are used; tests play the genuine one's codes."""

    @property
    def manufacturer_id(self) -> str:
        """Who made the module."""

    def get_slots(self, token_present: bool = False) -> list[pkcs11.Slot]:
        """C_GetSlotList and C_GetSlotInfo."""

    def initialize(self) -> None:
        """C_Initialize, unless it was."""

    def finalize(self) -> None:
        """C_Finalize, unless it was."""


class Pkcs11Reader:
    """All the PC/SC readers behind one module, seen as one reader."""

    def __init__(
        self,
        *,
        find_module: Callable[[], Path | None],
        load_module: Callable[[Path], Library] = load,
        pause: Callable[[float], None] = time.sleep,
        lock: CardLock | None = None,
    ) -> None:
        self._lock = lock
        self._find_module = find_module
        self._load_module = load_module
        self._pause = pause
        self._library: Library | None = None
        self._locked_serials: set[bytes] = set()

    def status(self) -> Status:
        """Look once; whatever is wrong reads as an absent card, told in full at a login."""
        try:
            with self._opened() as access:
                return access.status()
        except BridgeError as error:
            log.info("status_unknown code=%s detail=%s", error.code, error.detail)
            return Status(card=CardState.ABSENT, pin_pad=False)

    @contextmanager
    def open(self) -> Iterator[Access]:
        """Initialise the module for one authentication, and finalise it whatever happens.

        Raises BUSY while another process of this person does the same.
        """
        with self._lock.held() if self._lock else nullcontext(), self._opened() as access:
            yield access

    @contextmanager
    def _opened(self) -> "Iterator[Pkcs11Access]":
        library = self._loaded()
        try:
            library.initialize()
        except PKCS11Error as error:
            raise BridgeError(Code.NO_MODULE, detail=type(error).__name__) from error
        try:
            yield Pkcs11Access(library, locked_serials=self._locked_serials, pause=self._pause)
        finally:
            _finalize(library)

    def _loaded(self) -> Library:
        if self._library is None:
            try:
                path = self._find_module()
            except SetupError as error:
                # Trusted when the bridge started, replaced since.
                raise BridgeError(Code.NO_MODULE, detail=str(error)) from error
            if path is None:
                raise BridgeError(Code.NO_MODULE)
            try:
                self._library = self._load_module(path)
            except PKCS11Error as error:
                raise BridgeError(Code.NO_MODULE, detail=f"{path}: {error}") from error
        return self._library


class Pkcs11Access:
    """The module, initialised."""

    def __init__(
        self, library: Library, *, locked_serials: set[bytes], pause: Callable[[float], None]
    ) -> None:
        self._library = library
        self._locked_serials = locked_serials
        self._pause = pause
        # Slots whose token can log nobody in: not asked again before it was taken out.
        self._useless: set[int] = set()

    def status(self) -> Status:
        """Tell of the first token; flags are a hint, so only a lock met before counts as one."""
        for slot in self.slots_with_card():
            try:
                token = slot.get_token()
            except PKCS11Error:
                continue
            if not int(token.flags) & TokenFlag.TOKEN_INITIALIZED:
                continue
            is_locked = (
                token.serial in self._locked_serials
                and int(token.flags) & TokenFlag.USER_PIN_LOCKED
            )
            return Status(
                card=CardState.LOCKED if is_locked else CardState.PRESENT,
                pin_pad=bool(int(token.flags) & TokenFlag.PROTECTED_AUTHENTICATION_PATH),
            )
        return Status(card=CardState.ABSENT, pin_pad=False)

    def find_card(self) -> Pkcs11Card | None:
        """Return the card that can log in, else one that cannot (the core says why), else None.

        Raises NO_READER, NO_AUTH_CERTIFICATE for a card of another family, BUSY for a card that
        another program keeps for itself.
        """
        for _ in range(IN_USE_TRIES):
            slots = self.slots_with_card()
            self._useless &= {slot.slot_id for slot in slots}
            if not slots and not self._has_reader():
                raise BridgeError(Code.NO_READER)
            seen, is_stranger, is_in_use = self._survey(slots)
            if seen:
                return self._card(seen)
            if is_stranger:
                raise BridgeError(Code.NO_AUTH_CERTIFICATE, detail="not a card of this family")
            if not is_in_use:
                return None
            self._pause(IN_USE_PAUSE)
        raise BridgeError(Code.BUSY, detail="card used by another program")

    def slots_with_card(self) -> list[pkcs11.Slot]:
        """Return the slots that hold a token; costs no exchange with the card."""
        try:
            return self._library.get_slots(token_present=True)
        except (SlotIDInvalid, DeviceError, GeneralError):
            # Seen during a removal and after a restart of the smart card service.
            self.restart()
            try:
                return self._library.get_slots(token_present=True)
            except PKCS11Error:
                return []

    def restart(self) -> None:
        """C_Finalize and C_Initialize: the only cure after the smart card service restarted."""
        _finalize(self._library)
        try:
            self._library.initialize()
        except PKCS11Error as error:
            raise BridgeError(Code.NO_READER, detail=type(error).__name__) from error

    def _has_reader(self) -> bool:
        for attempt in range(2):
            try:
                if self._library.get_slots():
                    return True
            except PKCS11Error as error:
                log.info("slots_failed error=%s", type(error).__name__)
            if attempt == 0:
                self.restart()
        return False

    def _survey(self, slots: list[pkcs11.Slot]) -> tuple[list[Seen], bool, bool]:
        """Return what the slots hold, whether a foreign card is in, whether one is in use."""
        seen: list[Seen] = []
        is_stranger = is_in_use = False
        for slot in slots:
            if slot.slot_id in self._useless:
                continue
            try:
                found = look_at(slot)
            except TokenNotRecognised:
                is_stranger = True
            except GeneralError:
                is_in_use = True
            except DeviceError:
                # The smart card service restarted: nothing but a new start of the module helps.
                self.restart()
                is_in_use = True
            except (*GONE, TokenNotPresent, SlotIDInvalid, SessionHandleInvalid, DeviceRemoved):
                continue
            except PKCS11Error as error:
                raise BridgeError(Code.CARD_ERROR, detail=type(error).__name__) from error
            else:
                if found is None:
                    self._useless.add(slot.slot_id)
                else:
                    seen.append(found)
        return seen, is_stranger, is_in_use

    def _card(self, seen: list[Seen]) -> Pkcs11Card:
        """Choose among several cards: one that can log in first, a CPS before another."""
        best = max(seen, key=lambda one: (has_authentication(one), _label(one) == CPS_LABEL))
        return Pkcs11Card(
            best,
            access=self,
            library_vendor=self._library.manufacturer_id,
            locked_serials=self._locked_serials,
            pause=self._pause,
        )


def _label(seen: Seen) -> str:
    """Return the token's label; the CPS library pads it with NUL where others pad with blanks."""
    return seen.token.label.strip("\0 ")


def _finalize(library: Library) -> None:
    try:
        library.finalize()
    except PKCS11Error as error:
        log.info("finalize_failed error=%s", type(error).__name__)
