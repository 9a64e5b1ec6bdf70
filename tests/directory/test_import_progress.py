"""How far an import is: on a terminal at what rate and for how long still, elsewhere nothing."""

import gzip
import re
from pathlib import Path

import pytest
from django.core.management import call_command

from tests.directory.importing import Importing
from tests.directory.register import HEADER

pytestmark = pytest.mark.django_db(transaction=True)
RATE = r"\r{}: \d+ MB, \d+ MB/s"


@pytest.fixture(scope="module")
def register_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("progress") / "register.txt"
    call_command("make_register", "--people", "9000", "--output", str(path))
    return path


def screen_of(path: Path, *, terminal: bool = True) -> str:
    with Importing(str(path), terminal=terminal) as importing:
        status, out, screen = importing.finished()
    assert status == 0
    assert f"{path.name}: " in out
    return screen


def times_left(screen: str, phase: str) -> int:
    """How often it says for how long still."""
    return len(re.findall(RATE.format(phase) + r", \d+ s left", screen))


def test_a_terminal_shows_the_rate_and_the_time_that_is_left(register_file: Path) -> None:
    screen = screen_of(register_file)
    assert times_left(screen, "reading") >= 2
    assert "looking over" not in screen
    assert "\rwriting " in screen
    assert "-" not in screen.partition("writing")[0]


def test_of_a_later_file_it_shows_both_readings(register_file: Path, tmp_path: Path) -> None:
    screen_of(register_file)
    later = tmp_path / "later.txt"
    later.write_bytes(register_file.read_bytes().replace(b"|Mode|", b"|Mode d|", 9))
    screen = screen_of(later)
    assert times_left(screen, "looking over") >= 2
    assert times_left(screen, "reading") >= 2


def test_of_a_packed_file_the_rest_is_not_guessed(register_file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "register.txt.gz"
    packed.write_bytes(gzip.compress(register_file.read_bytes()))
    screen = screen_of(packed)
    assert re.search(RATE.format("reading"), screen)
    assert "left" not in screen


def test_elsewhere_nothing_of_it_is_written(register_file: Path) -> None:
    screen = screen_of(register_file, terminal=False)
    assert "\r" not in screen
    assert not re.search("looking over|reading|writing|MB/s", screen)


def test_a_refusal_stands_below_the_progress_too(tmp_path: Path) -> None:
    path = tmp_path / "cut.txt"
    path.write_text(f"{HEADER}\n8|cut")
    with Importing(str(path)) as importing:
        status, _, screen = importing.finished()
    assert status == 1
    assert re.search(r"\n[^\n]*refused, nothing has changed: the file breaks off", screen)
