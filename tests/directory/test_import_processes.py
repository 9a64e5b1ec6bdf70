"""Imports as processes: two at once, killed at any point, watched by a reader all along."""

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction

from idp.directory.models import ImportBatch
from tests.directory.digest import directory_digest
from tests.directory.importing import Importing, state

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 2000


@pytest.fixture(scope="session")
def registers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Yesterday's and today's: newcomers, changed people and people who left."""
    folder = tmp_path_factory.mktemp("registers")
    yesterday, today = folder / "yesterday.txt", folder / "today.txt"
    make = ("make_register", "--seed", "7", "--people")
    call_command(*make, str(PEOPLE), "--output", str(yesterday))
    changed = ("--changed", "40%", "--ended", "10%")
    call_command(*make, str(PEOPLE + 500), *changed, "--output", str(today))
    return yesterday, today


def imported(path: Path, *options: str) -> str:
    with Importing(str(path), "--accept-changes", *options, terminal=False) as importing:
        status, out, err = importing.finished()
    assert (status, err.count("Traceback")) == (0, 0), err
    return out


@pytest.fixture
def today(registers: tuple[Path, Path]) -> Path:
    """Today's file, yesterday's being imported."""
    imported(registers[0])
    return registers[1]


def batches() -> list[tuple[str, object]]:
    rows = ImportBatch.objects.order_by("pk")
    return [(batch.state, batch.counts.get("reason")) for batch in rows]


def test_a_reader_sees_yesterday_and_then_today(today: Path) -> None:
    before = state()
    with Importing(str(today), "--accept-changes") as importing:
        importing.shows("reading")
        seen = importing.watched()
        status, out, _ = importing.finished()
    assert status == 0
    assert "today.txt: " in out
    assert seen == {before, state()}
    assert before != state()


def test_a_second_import_says_so_and_changes_nothing(
    today: Path, registers: tuple[Path, Path]
) -> None:
    before = state(), directory_digest(), batches()[:1]
    with Importing(str(today), "--accept-changes") as first:
        first.shows("looking over")
        with first.stopped():
            with Importing(str(registers[0]), terminal=False) as second:
                status, out, err = second.finished()
            assert (status, out) == (1, "")
            assert err.endswith("another import is running\n")
            assert "refused, nothing has changed: " in err
            assert (state(), directory_digest(), batches()[:1]) == before
            assert len(batches()) == 2
        assert first.finished()[0] == 0
    assert batches() == [("done", None), ("done", None)]


def finish_after_kill(path: Path, before: tuple[int, ...], digest: str) -> None:
    """Nothing of the killed import is seen, and the next one does it all."""
    assert (state(), directory_digest()) == (before, digest)
    assert batches()[-1] == ("running", None)
    wait_for_the_lock()
    with Importing(str(path), "--accept-changes") as again:
        seen = again.watched()
        assert again.finished()[0] == 0
    after = state()
    assert seen == {before, after}
    assert [each for each, _ in batches()[-2:]] == ["refused", "done"]
    assert batches()[-2][1] == "interrupted"


def wait_for_the_lock() -> None:
    """PostgreSQL notices that a client is gone when it next speaks to it."""
    if connection.vendor == "sqlite":
        return
    with connection.cursor() as cursor:
        while True:
            cursor.execute(
                "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database "
                "WHERE locktype = 'advisory' AND datname = current_database()"
            )
            if not cursor.fetchone()[0]:
                return


@pytest.mark.parametrize("phase", ["looking over", "reading"])
def test_killed_while_it_reads_the_next_one_starts_over(today: Path, phase: str) -> None:
    before, digest = state(), directory_digest()
    with Importing(str(today), "--accept-changes") as importing:
        importing.shows(phase)
        importing.kill()
    finish_after_kill(today, before, digest)


@pytest.mark.parametrize("phase", ["looking over", "reading"])
def test_ctrl_c_ends_it_in_one_sentence_and_changes_nothing(today: Path, phase: str) -> None:
    before, digest = state(), directory_digest()
    with Importing(str(today), "--accept-changes") as importing:
        importing.shows(phase)
        importing.process.send_signal(signal.SIGINT)
        status, out, screen = importing.finished()
    assert (status, out) == (130, "")
    assert screen.endswith("\nInterrupted: what was not finished is not done.\n")
    assert "Traceback" not in screen
    assert (state(), directory_digest()) == (before, digest)
    wait_for_the_lock()
    imported(today)
    assert state() != before


def test_the_first_import_ever_killed_leaves_an_empty_directory(
    registers: tuple[Path, Path],
) -> None:
    before, digest = state(), directory_digest()
    assert set(before) == {0}
    with Importing(str(registers[0])) as importing:
        importing.shows("reading")
        importing.kill()
    finish_after_kill(registers[0], before, digest)
    assert state()[0] == PEOPLE


@contextmanager
def merge_held() -> Iterator[None]:
    """On PostgreSQL the merge waits for a row of ours, in the middle of its one transaction."""
    if connection.vendor == "sqlite":
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM directory_practice FOR UPDATE")
        yield
        transaction.set_rollback(True)


def wait_for_the_merge() -> None:
    """Back when it waits for us (PostgreSQL), or writes (SQLite, where nobody else can then)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            while True:
                cursor.execute(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                if cursor.fetchone()[0]:
                    return
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=0)) as other:
        while True:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return
            other.execute("ROLLBACK")


def test_killed_while_it_writes_the_next_one_does_it_all(today: Path) -> None:
    before, digest = state(), directory_digest()
    with Importing(str(today), "--accept-changes") as importing, merge_held():
        importing.shows("writing")
        wait_for_the_merge()
        importing.process.send_signal(signal.SIGKILL)
        importing.process.wait()
        assert (state(), directory_digest()) == (before, digest)
        if connection.vendor == "postgresql":
            # The server is still in its statement: nobody else may begin.
            with Importing(str(today), "--accept-changes", terminal=False) as second:
                status, _, err = second.finished()
            assert (status, err.count("another import is running")) == (1, 1)
    finish_after_kill(today, before, digest)


@pytest.mark.parametrize("phase", ["looking over", "reading"])
def test_a_file_that_is_written_while_it_is_read_is_refused(
    registers: tuple[Path, Path], tmp_path: Path, phase: str
) -> None:
    """As by a download into the same place."""
    imported(registers[0])
    before, digest = state(), directory_digest()
    path = tmp_path / "register.txt"
    path.write_bytes(registers[1].read_bytes())
    with Importing(str(path), "--accept-changes") as importing:
        importing.shows(phase)
        with importing.stopped():
            rows = registers[0].read_bytes() + registers[1].read_bytes().partition(b"\n")[2]
            path.write_bytes(rows)
        status, out, screen = importing.finished()
    assert (status, out) == (1, "")
    assert "refused, nothing has changed: the file was changed while it was read" in screen
    assert (state(), directory_digest()) == (before, digest)


def test_an_import_killed_with_its_processes_leaves_none_behind(tmp_path: Path) -> None:
    """So many people are read by processes side by side."""
    path = tmp_path / "many.txt"
    call_command("make_register", "--people", "24000", "--output", str(path))
    with Importing(str(path)) as importing:
        importing.shows("reading")
        # Back only when nobody holds its output open.
        importing.kill()
    assert state()[0] == 0
    wait_for_the_lock()
    assert "24000 created" in imported(path)
