"""Imports as processes, on a terminal of their own; and what a reader sees meanwhile."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
STATE = """
SELECT (SELECT count(*) FROM directory_person),
       (SELECT count(*) FROM directory_person WHERE left_register_at IS NULL),
       (SELECT count(*) FROM directory_person WHERE family_name LIKE '%-BIS'),
       (SELECT count(*) FROM directory_alternativeidentifier),
       (SELECT count(*) FROM directory_exercice),
       (SELECT count(*) FROM directory_savoirfaire),
       (SELECT count(*) FROM directory_practice),
       (SELECT count(*) FROM directory_issuedcard),
       (SELECT count(*) FROM directory_formerstate)
"""


def database_url() -> str:
    """Of the database of this test."""
    given = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{given['NAME']}"
    who = ":".join(filter(None, (given["USER"], given["PASSWORD"])))
    return f"postgres://{who}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


def state() -> tuple[int, ...]:
    """What one look at the directory sees."""
    with connection.cursor() as cursor:
        cursor.execute(STATE)
        return tuple(cursor.fetchone())


class Importing:
    """`manage.py import_register`, with a terminal as its standard error (or a pipe)."""

    def __init__(
        self,
        *arguments: str,
        before: Sequence[str] = (),
        terminal: bool = True,
        **environment: str,
    ) -> None:
        self.screen = ""
        self._master, ours = pty.openpty() if terminal else os.pipe()
        command = (sys.executable, "manage.py", "import_register", "--test-identities")
        self.process = subprocess.Popen(
            [*before, *command, *arguments],
            cwd=ROOT,
            env={**os.environ, "DATABASE_URL": database_url(), **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=ours,
            text=True,
        )
        os.close(ours)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        os.close(self._master)

    def shows(self, text: str) -> None:
        """Waits until this stands on the terminal."""
        while text not in self.screen:
            assert self._read(), self.screen

    def _read(self) -> bool:
        try:
            more = os.read(self._master, 65_536)
        except OSError:
            # A terminal whose other side is closed.
            return False
        self.screen += more.decode()
        return bool(more)

    def finished(self) -> tuple[int, str, str]:
        """Exit status, standard output, what stood on the terminal."""
        assert self.process.stdout is not None
        while self._read():
            pass
        out = self.process.stdout.read()
        return self.process.wait(), out, self.screen.replace("\r\n", "\n")

    def kill(self) -> None:
        """SIGKILL; back when nothing that it started is left (they hold its output open)."""
        self.process.send_signal(signal.SIGKILL)
        self.finished()

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """SIGSTOP: it goes on at the end of the block."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def watched(self) -> set[tuple[int, ...]]:
        """Everything that a reader who never stops looking saw until the end."""
        seen = {state()}
        while self.process.poll() is None:
            seen.add(state())
        return seen | {state()}
