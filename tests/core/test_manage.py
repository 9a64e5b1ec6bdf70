"""`manage.py`: what goes wrong around a command is one sentence, not a trace of the code."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def started(*arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite:///{folder}/new.sqlite3", "no such table"),
        ("sqlite:///{folder}/nowhere/new.sqlite3", "unable to open database file"),
    ],
)
@pytest.mark.parametrize("command", [("import_register", "--list"), ("red_list", "list")])
def test_a_database_that_does_not_serve_is_said(
    tmp_path: Path, url: str, reason: str, command: tuple[str, ...]
) -> None:
    environment = {"DATABASE_URL": url.format(folder=tmp_path), "HYGIE_DATA_DIR": str(tmp_path)}
    with started(*command, **environment) as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert err.startswith("The database: ")
    assert reason in err
    assert "manage migrate" in err
    assert err.count("\n") == 1
    with started(command[0], "--traceback", *command[1:], **environment) as process:
        assert "Traceback" in process.communicate()[1]


def test_ctrl_c_is_one_sentence(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with started("make_register", "--people", "20000000", "--output", str(pipe)) as process:
        with pipe.open("rb") as reader:
            # It writes: nothing else is under way.
            assert reader.read(1000)
            process.send_signal(signal.SIGINT)
            while reader.read(1 << 20):
                pass
        out, err = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert err == "\nInterrupted: what was not finished is not done.\n"


def test_a_place_where_nothing_can_be_written_is_said(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere" / "x.txt", Path("/dev/full")):
        with started("make_register", "--people", "9", "--output", str(path)) as process:
            out, err = process.communicate()
        assert (process.returncode, out) == (1, "")
        assert err.startswith("CommandError: not written: ")
        assert err.count("\n") == 1


def test_a_reader_that_has_read_enough_is_no_failure_to_tell(tmp_path: Path) -> None:
    path = tmp_path / "register.txt"
    with started("make_register", "--people", "9", "--output", str(path)) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 141
    assert path.read_text().endswith("|\n")


@pytest.mark.parametrize("command", ["import_register", "revoke"])
def test_an_argument_that_is_no_utf_8_is_refused_before_anything_else(command: str) -> None:
    with started(command, "r\udce9gistre.txt") as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    assert err.startswith("Not UTF-8: 'r\\udce9gistre.txt'. Nothing was done")
    assert err.count("\n") == 1


def test_what_is_left_of_an_interrupted_file_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "register.txt"
    with started("make_register", "--people", "20000000", "--output", str(path)) as process:
        while not path.exists() or not path.stat().st_size:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate()
    assert process.returncode == 130
    assert not path.exists()


def test_numbers_that_cannot_be_toggled_are_said(tmp_path: Path) -> None:
    path, url = tmp_path / "toggle.csv", f"sqlite:///{tmp_path}/new.sqlite3"
    path.write_text("N° ADELI;N° RPPS\n0B9100017;99900000011\n")
    for reason in ("no such table", "Is a directory"):
        command = ("toggle_identifiers", "--test-identities", str(path))
        with started(*command, DATABASE_URL=url) as process:
            out, err = process.communicate()
        assert (process.returncode, out) == (1, "")
        assert f"{path}: broke off, nothing has changed: " in err
        assert reason in err
        assert "Traceback" not in err
        # The next one finds no place for its lock.
        lock = tmp_path / "new.sqlite3.import"
        if lock.is_file():
            lock.unlink()
        lock.mkdir(exist_ok=True)
