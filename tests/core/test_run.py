"""The one entry: which mode its commands run in."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import manage

ROOT = Path(manage.__file__).parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The entry with a Python that only says which mode it was given."""
    shutil.copy(ROOT / "run", tmp_path / "run")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "demo.txt").touch()
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "mode=${HYGIE_MODE-unset}"\n')
    python.chmod(0o755)
    (tmp_path / ".venv" / ".installed-demo").touch()
    return tmp_path


def mode_of(copy: Path, **environment: str) -> str:
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in {"HYGIE_MODE", *manage.PRODUCTION_SETTINGS}
    }
    answer = subprocess.run(
        [copy / "run", "manage", "client", "list"],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


def test_commands_work_on_the_demo_where_nothing_is_set(copy: Path) -> None:
    assert mode_of(copy) == "mode=sandbox"


@pytest.mark.parametrize("name", manage.PRODUCTION_SETTINGS)
def test_commands_of_a_deployment_are_never_a_sandboxs(copy: Path, name: str) -> None:
    assert mode_of(copy, **{name: "set"}) == "mode=unset"


def test_the_mode_that_is_said_is_kept(copy: Path) -> None:
    assert mode_of(copy, HYGIE_MODE="production") == "mode=production"
    assert mode_of(copy, HYGIE_MODE="sandbox", DATABASE_URL="set") == "mode=sandbox"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An environment that says nothing, and a data folder that a demo has used."""
    for name in ("HYGIE_MODE", *manage.PRODUCTION_SETTINGS):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HYGIE_DATA_DIR", str(tmp_path))
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "TEST").touch()
    # What the choice sets must be gone afterwards.
    monkeypatch.setenv("HYGIE_MODE", "")
    monkeypatch.delenv("HYGIE_MODE")
    return tmp_path


def test_a_command_beside_a_demo_is_the_demos(bare: Path) -> None:
    manage.choose_mode()
    assert os.environ["HYGIE_MODE"] == "sandbox"


def test_a_command_where_no_demo_ran_has_no_mode(bare: Path) -> None:
    (bare / "sandbox" / "TEST").unlink()
    manage.choose_mode()
    assert "HYGIE_MODE" not in os.environ


@pytest.mark.parametrize("name", manage.PRODUCTION_SETTINGS)
def test_a_command_of_a_deployment_is_never_the_demos(
    bare: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "set")
    manage.choose_mode()
    assert "HYGIE_MODE" not in os.environ
