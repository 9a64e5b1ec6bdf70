"""Finds the one PKCS#11 module to load: configured, or by probe; never named by a message."""

import os
import stat
import sys
from collections.abc import Collection, Iterable
from pathlib import Path

from cps_bridge.errors import SetupError

ROOT_UID = 0
OVER_32_BITS = 2**32
# The names that ANS installs, then OpenSC.  Not "_lin.so" on Linux, whatever guides say.
PROBES: dict[str, tuple[str, ...]] = {
    "linux": (
        "/usr/lib64/libcps3_pkcs11_lux.so",
        "/opt/santesocial/CPS/lib/libcps3_pkcs11_lux.so",
        "/usr/local/galss/libcps3_pkcs11_lux.so",
        "/usr/lib64/opensc-pkcs11.so",
        "/usr/lib64/pkcs11/opensc-pkcs11.so",
        "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so",
        "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so",
    ),
    "win32": (
        r"C:\Windows\System32\cps3_pkcs11_w64.dll",
        r"C:\Program Files\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll",
    ),
    "win32, 32 bits": (r"C:\Windows\SysWOW64\cps3_pkcs11_w32.dll",),
    "darwin": (
        "/usr/local/lib/libcps3_pkcs11_osx.dylib",
        "/usr/lib/libcps3_pkcs11_osx.dylib",
        "/Library/OpenSC/lib/opensc-pkcs11.so",
    ),
}


def probe_key(system: str = sys.platform, *, largest: int = sys.maxsize) -> str:
    """Return the key of `PROBES`: a module must have the word size of the process that loads it."""
    return f"{system}, 32 bits" if system == "win32" and largest < OVER_32_BITS else system


def find_module(
    configured: Path | None = None,
    *,
    probes: Iterable[str] | None = None,
    owners: Collection[int] = (ROOT_UID,),
) -> Path | None:
    """Return the module's real path, None when none is installed.

    A module runs with the person's PIN in its hands: raises SetupError for one that somebody
    else than `owners` could have replaced.
    """
    if configured is not None:
        return _trusted(configured, owners)
    for candidate in probes if probes is not None else PROBES.get(probe_key(), ()):
        if Path(candidate).is_file():
            return _trusted(Path(candidate), owners)
    return None


def _trusted(path: Path, owners: Collection[int]) -> Path:
    if not path.is_absolute():
        raise SetupError(f"Module de carte refusé : « {path} » n'est pas un chemin complet.")
    try:
        real = path.resolve(strict=True)
    except OSError as error:
        raise SetupError(f"Module de carte introuvable : {path}") from error
    if not real.is_file():
        raise SetupError(f"Module de carte refusé : {path} n'est pas un fichier.")
    # Windows and its Program Files are protected by the system's own access lists.
    if os.name == "posix":
        for part in (real, *real.parents):
            _check_owner(path, part, owners)
    return real


def _check_owner(path: Path, part: Path, owners: Collection[int]) -> None:
    found = part.stat()
    writable_by_others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    # A sticky directory (/tmp) lets nobody replace what another user owns.
    is_sticky = stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_ISVTX
    if found.st_uid not in {ROOT_UID, *owners} or (writable_by_others and not is_sticky):
        raise SetupError(
            f"Module de carte refusé : {path}. « {part} » peut être remplacé par un autre compte "
            "que l'administrateur : il doit appartenir à root et n'être inscriptible que par lui."
        )
