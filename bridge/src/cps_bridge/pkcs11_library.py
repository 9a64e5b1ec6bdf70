"""A loaded PKCS#11 module: python-pkcs11, except for the one call that stops the whole bridge.

python-pkcs11 0.10 keeps the interpreter's lock during C_Finalize, which waits for the reader:
behind another program's exchange, or a mute card, no page would be served meanwhile.

It also calls C_Initialize without CKF_OS_LOCKING_OK: the vendor's module then locks nothing. That
is safe here because every call is made on the one thread of `worker`, and on no other.
"""

import ctypes
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pkcs11
from pkcs11.exceptions import PKCS11Error

log = logging.getLogger(__name__)
CKR_OK = 0


def load(path: Path) -> "Module":
    """Load a module that `pkcs11_module` trusted; raises PKCS11Error."""
    return Module(pkcs11.lib(str(path)), c_finalize=find_finalize(path))


class Module:
    """Implements `pkcs11_reader.Library`."""

    def __init__(self, library: Any, *, c_finalize: Callable[[None], int] | None) -> None:
        self._library = library
        self._c_finalize = c_finalize

    @property
    def manufacturer_id(self) -> str:
        """Who made the module, as C_GetInfo says."""
        return str(self._library.manufacturer_id)

    def get_slots(self, token_present: bool = False) -> list[pkcs11.Slot]:
        """C_GetSlotList and C_GetSlotInfo."""
        return list(self._library.get_slots(token_present=token_present))

    def initialize(self) -> None:
        """C_Initialize, unless it was."""
        self._library.initialize()

    def finalize(self) -> None:
        """C_Finalize, unless it was, with the interpreter free; then tell python-pkcs11."""
        if self._c_finalize is None:
            self._library.finalize()
            return
        code = self._c_finalize(None)
        if code != CKR_OK:
            log.info("finalize_failed code=%#x", code)
        try:
            self._library.finalize()
        except PKCS11Error as error:
            # CKR_CRYPTOKI_NOT_INITIALIZED, as it should be: it only had to learn of it.
            log.debug("finalized error=%s", error)


def find_finalize(path: Path) -> Callable[[None], int] | None:
    """Return the module's C_Finalize; None where it only exports C_GetFunctionList."""
    try:
        # The module is loaded already: this is one more handle to the same one.
        found = ctypes.CDLL(str(path)).C_Finalize
    except (OSError, AttributeError):
        return None
    found.argtypes, found.restype = (ctypes.c_void_p,), ctypes.c_ulong
    return found
