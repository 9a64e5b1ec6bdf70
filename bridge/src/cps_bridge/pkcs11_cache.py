"""The vendor middleware's disk cache: on CPS4 nothing ever invalidates it, so the bridge does."""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

VENDOR = "ANS"
_SERIAL = re.compile(r"[0-9A-Za-z]{4,16}")


def cache_directories() -> tuple[Path, ...]:
    """Return where Cryptolib CPS keeps its copies on this system."""
    if sys.platform == "darwin":
        return (Path("/Library/Logs/santesocial/CPS"),)
    if sys.platform == "win32":
        base = os.environ.get("ALLUSERSPROFILE", r"C:\ProgramData")
        return (Path(base, "santesocial", "cps", "cache"),)
    return (Path("/etc/opt/santesocial/CPS/cache"),)


def discard_copies(serial: str, *, directories: Iterable[Path]) -> bool:
    """Delete the files `<serial>_*`; say whether there was one that could be deleted."""
    if not _SERIAL.fullmatch(serial):
        return False
    found = [path for folder in directories for path in folder.glob(f"{serial}_*")]
    deleted = [_delete(path) for path in found]
    return any(deleted)


def _delete(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True
