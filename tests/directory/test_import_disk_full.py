"""The disk is full, or a process of the import is killed: one sentence, nothing half-visible."""

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from tests.directory.digest import directory_digest
from tests.directory.importing import Importing, state
from tests.directory.test_import_processes import batches, imported, registers, today

__all__ = ["registers", "today"]
pytestmark = pytest.mark.django_db(transaction=True)

# What a server says that cannot write: in the middle of the one transaction.
FULL_SERVER = """
CREATE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'could not extend file: No space left on device'
USING ERRCODE = 'disk_full', DETAIL = 'row of ' || OLD; END $$;
CREATE TRIGGER disk_full BEFORE UPDATE ON directory_practice
FOR EACH ROW EXECUTE FUNCTION disk_full()
"""


def limited(kilobytes: int) -> tuple[str, ...]:
    """No file of the process, and so of SQLite, may grow beyond this."""
    return ("bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "limited")


@contextmanager
def full_server() -> Iterator[None]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(FULL_SERVER)
        yield
        if connection.vendor == "postgresql":
            cursor.execute("DROP FUNCTION disk_full CASCADE")


# Too little for the log of SQLite's transaction, sooner or later; PostgreSQL: by its server.
MEANS = {
    "sqlite": [
        (256, "writing", "disk I/O error"),
        (4096, "writing", "disk I/O error"),
    ],
    "postgresql": [(1_000_000, "writing", "could not extend file: No space left on device")],
}


@pytest.mark.parametrize(("kilobytes", "phase", "reason"), MEANS[connection.vendor])
def test_a_full_disk_is_said_and_nothing_is_half_visible(
    today: Path, kilobytes: int, phase: str, reason: str
) -> None:
    before, digest = state(), directory_digest()
    command = (str(today), "--accept-changes")
    with full_server(), Importing(*command, before=limited(kilobytes)) as importing:
        importing.shows(phase)
        seen = importing.watched()
        status, out, screen = importing.finished()
    assert (status, out) == (1, "")
    sentence = screen.splitlines()[-1]
    assert f"{today}: broke off, nothing is half done: {reason}; run it again" in sentence
    assert "Traceback" not in screen
    assert "row of" not in screen
    assert ("writing" in screen) == (phase == "writing")
    assert seen == {before}
    assert directory_digest() == digest
    assert batches()[1:] == [("refused", f"broke off: {reason}")]
    # With room again.
    imported(today)
    assert batches()[2:] == [("done", None)]
    assert state() != before


def children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(each) for each in listed.split()]


def readers(importing: Importing) -> list[int]:
    """The processes that read beside the import, once it has some: forks of its server of forks."""
    while importing.process.poll() is None:
        servers = children(importing.process.pid)
        if found := [reader for server in servers for reader in children(server)]:
            return found
    raise AssertionError(importing.finished())


def test_a_process_that_is_killed_beside_the_import_ends_it_in_a_sentence(tmp_path: Path) -> None:
    """As the system does that runs out of memory."""
    path = tmp_path / "many.txt"
    call_command("make_register", "--people", "40000", "--output", str(path))
    with Importing(str(path)) as importing:
        importing.shows("reading")
        os.kill(readers(importing)[0], signal.SIGKILL)
        status, out, screen = importing.finished()
    assert (status, out) == (1, "")
    # Above it, others that read may say that they were interrupted.
    assert re.search(
        r"broke off, nothing is half done: .*process.*; run it again", screen.splitlines()[-1]
    )
    assert set(state()) == {0}
