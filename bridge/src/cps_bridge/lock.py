"""One card login at a time for one person, whichever process asks.

The loopback bridge and the programs that browsers start share the card: the second to come is
told BUSY.  The operating system gives the lock back when its process ends, however it ends.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cps_bridge.errors import BridgeError, Code

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def lock_path() -> Path:
    """Return the lock's file, in a folder that no other account can write to."""
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    if runtime and Path(runtime).is_dir():
        return Path(runtime, "cps-bridge.lock")
    if sys.platform != "linux":
        # %TEMP% and $TMPDIR are the person's own on Windows and macOS.
        return Path(tempfile.gettempdir(), "cps-bridge.lock")
    return Path.home() / ".cache" / "cps-bridge.lock"


class CardLock:
    """A lock on a file; nothing is written in it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock for the block; raises BUSY when another process has it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise BridgeError(Code.CARD_ERROR, detail=f"{self._path}: {error}") from error
        try:
            _take(descriptor)
            yield
        finally:
            os.close(descriptor)


def _take(descriptor: int) -> None:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BridgeError(Code.BUSY, detail="another process serves a page") from error
