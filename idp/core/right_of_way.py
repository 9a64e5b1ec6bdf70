"""Whoever serves people goes first: heavy work on the same machine stands still meanwhile.

Priorities of the system are not enough. Cores share caches and often their parts, so that a login
beside processes of the lowest priority took up to half as long again; sessions are weighed against
each other whatever their processes are worth; and a database works for all with the same priority.

Whoever serves writes down until when it has the right of way, on the machine's monotonic clock, in
a file that both know. Where there is no such file, or one of another machine, nobody waits.

Imports nothing of Django: it runs in processes that know nothing of it.
"""

import hashlib
import os
import signal
import stat
import time
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Final

# Nanoseconds. A request that takes longer shares the machine from then on.
ANSWERING: Final = 100_000_000
# From one request to the next of the same browser.
BETWEEN: Final = 10_000_000
# Whoever always stood still would get nothing done: a quarter of the time at least is its own.
LONGEST: Final = 200_000_000
OWN_SHARE: Final = 3
# How soon work stands still, and goes on.
LOOK_SECONDS: Final = 0.001
PAUSE_SECONDS: Final = 0.002
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - shared with others: see Server
_BYTES: Final = 8


@cache
def file_of(data_dir: Path) -> Path:
    """Where those who have this folder in common meet.

    In memory where the system keeps files there: no request waits for a disk.
    """
    whole = os.fsencode(data_dir.resolve())
    name = f"hygie-{hashlib.blake2s(whole, digest_size=8).hexdigest()}"
    return (_MEMORY if os.path.isdir(_MEMORY) else data_dir) / name  # noqa: PTH112 - never raises


class Server:
    """Who serves people, and takes the right of way."""

    def __init__(self, path: Path) -> None:
        self._file = _opened(path, os.O_RDWR | os.O_CREAT)
        if self._file is not None and not _is_own(self._file):
            os.close(self._file)
            self._file = None

    @property
    def is_heard(self) -> bool:
        """Whether work can know of it."""
        return self._file is not None

    def take(self) -> int:
        """A request begins; what `leave` is told when it is answered."""
        until = time.monotonic_ns() + ANSWERING
        self._write(until)
        return until

    def leave(self, taken: int) -> None:
        """It is answered; the next one is expected at once.

        Of several requests at a time the last to begin decides.
        """
        if _read(self._file) == taken:
            self._write(time.monotonic_ns() + BETWEEN)

    def _write(self, until: int) -> None:
        # Not by mapping the file: that ends the process where there is no room for it.
        if self._file is not None:
            try:
                os.pwrite(self._file, until.to_bytes(_BYTES), 0)
            except OSError:
                # Nobody is refused for it.
                return


class Work:
    """What gives it, in one thread. `given`: nanoseconds that it stood still."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._own_until = 0
        self.given = 0

    def give(self) -> None:
        """Stand still while people are served."""
        began = now = time.monotonic_ns()
        if now < self._own_until:
            return
        # Farther off than anybody takes it: of before the machine was started, or of another one.
        # Read before the clock: a request that begins in between would seem to be of those.
        while 0 < self._until() - (now := time.monotonic_ns()) <= ANSWERING:
            if now - began >= LONGEST:
                break
            time.sleep(PAUSE_SECONDS)
        self.given += now - began
        self._own_until = now + (now - began) // OWN_SHARE

    def _until(self) -> int:
        if self._file is None:
            # Never made here: it would not be theirs to write to. They may have been started since.
            self._file = _opened(self._path, os.O_RDONLY)
        return _read(self._file)


@cache
def server_at(path: Path) -> Server:
    """The one of this process."""
    return Server(path)


@cache
def work_at(path: Path) -> Work:
    """The one of this process."""
    return Work(path)


def give_way_always(path: Path) -> None:
    """From now on, whatever this process computes. Its main thread calls this."""
    work = work_at(path)

    def look(_number: int, _frame: FrameType | None) -> None:
        work.give()
        # Once only: none may come while it stands still.
        signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS)


def _opened(path: Path, flags: int) -> int | None:
    try:
        # Neither a link to elsewhere nor a pipe that waits for its other end.
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError:
        return None


def _read(file: int | None) -> int:
    try:
        return 0 if file is None else int.from_bytes(os.pread(file, _BYTES, 0))
    except OSError:
        return 0


def _is_own(file: int) -> bool:
    """Where everybody may make files, somebody else may have made this one."""
    found = os.fstat(file)
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1
