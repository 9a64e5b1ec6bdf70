"""The commands as an administrator types them, in a process of their own where it matters."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cps_bridge import cli
from cps_bridge.commands import run
from cps_bridge.config import Config
from cps_bridge.errors import SetupError

from tests.bridge.cards import write_tray
from tests.bridge.measure_idle import memory_kb
from tests.bridge.pki import authentication_pair
from tests.emulators.softhsm import Entry, make_token

SOURCE = Path(cli.__file__).parents[1]
ORIGIN = "http://localhost:8000"
MAX_IDLE_KB = 40 * 1024


def start(*arguments: str, **environment: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "cps_bridge", *arguments],
        env=os.environ | {"PYTHONPATH": str(SOURCE)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


@contextmanager
def running(*arguments: str, **environment: str) -> Iterator[tuple[Any, str]]:
    """A bridge that said it is ready, with the line it said it in."""
    process = start(*arguments, **environment)
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=10)
    assert process.returncode == 0


def failure(*arguments: str) -> str:
    process = start(*arguments)
    _printed, complaint = process.communicate(timeout=20)
    assert process.returncode == 1
    return complaint


def test_the_sandbox_starts_without_installation_and_stays_small(tmp_path: Path) -> None:
    directory = str(write_tray(tmp_path))
    with running("sandbox", directory, "--origin", ORIGIN, "--ports", "24903,24904") as (
        process,
        line,
    ):
        assert line == "cps-bridge : prêt sur ws://127.0.0.1:24903/v1/ws\n"
        assert memory_kb(process.pid) < MAX_IDLE_KB


def test_run_with_a_sandbox_directory_is_the_sandbox(tmp_path: Path) -> None:
    directory = str(write_tray(tmp_path))
    arguments = ("run", "--sandbox", directory, "--origin", ORIGIN, "--ports", "24904")
    with running(*arguments) as (_process, line):
        assert "24904" in line


def test_a_soft_token_in_the_sandbox_starts_with_a_pin_file(tmp_path: Path) -> None:
    held = authentication_pair()
    entry = Entry(id=b"\1", certificate=held.certificate_pem, key=held.key_pem)
    token = make_token(tmp_path / "hsm", entries=[entry])
    (tmp_path / "pin").write_text("1234")
    arguments = ("sandbox", "--module", str(token.module), "--pin-file", str(tmp_path / "pin"))
    with running(*arguments, "--origin", ORIGIN, "--ports", "24904", **token.environment) as (
        _process,
        line,
    ):
        assert "24904" in line


def test_taken_ports_are_named_with_the_option_and_a_failing_status(tmp_path: Path) -> None:
    directory = str(write_tray(tmp_path))
    with socket.create_server(("127.0.0.1", 24903)):
        complaint = failure("sandbox", directory, "--origin", ORIGIN, "--ports", "24903")
    assert "24903" in complaint
    assert "--ports" in complaint


def test_no_origin_is_told_before_anything_starts(tmp_path: Path) -> None:
    assert "--origin" in failure("sandbox", str(write_tray(tmp_path)))


def test_a_wrong_tray_is_told(tmp_path: Path) -> None:
    assert "cards" in failure("sandbox", str(tmp_path), "--origin", ORIGIN)


def test_root_is_refused_outside_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cps_bridge.commands.account.os.geteuid", lambda: 0)
    with pytest.raises(SetupError, match="root"):
        run.run(Config(origins=("https://idp.example",)))


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--origin", ORIGIN),
        ("run", "--origin", "https://idp.example", "--pin-file", "pin"),
        ("sandbox", "--origin", ORIGIN),
        ("sandbox", "--origin", ORIGIN, "--module", "/usr/lib/x.so"),
        ("sandbox", "DIR", "--origin", ORIGIN, "--module", "/usr/lib/x.so"),
        ("sandbox", "DIR", "--origin", "http://idp.example"),
    ],
)
def test_a_forbidden_combination_is_told(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments) == 1
    assert capsys.readouterr().err.startswith("cps-bridge : ")


@pytest.mark.parametrize("ports", ["", "x", "0", "70000", "1,,2"])
def test_ports_are_numbers(ports: str) -> None:
    with pytest.raises(SystemExit):
        cli.main(["origins", "--ports", ports])


def test_origins_lists_the_allowed_ones_and_judges_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    allowed = ["origins", "--origin", "https://idp.example"]
    assert cli.main(allowed) == 0
    assert "https://idp.example" in capsys.readouterr().out
    assert cli.main([*allowed, "--check", "https://idp.example"]) == 0
    assert cli.main([*allowed, "--check", "https://idp.example.evil.test"]) == 1
    assert cli.main([*allowed, "--check", "nonsense"]) == 1
    assert cli.main(["origins"]) == 1
