"""The bench's own provider: it starts, serves, and leaves nothing behind however the bench ends."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCH = (sys.executable, "manage.py", "bench", "oidc", "--connections", "2")


@pytest.fixture
def alone(tmp_path: Path) -> dict[str, str]:
    """An environment with data of its own, on the embedded database."""
    kept = {
        key: value for key, value in os.environ.items() if key not in ("DATABASE_URL", "REDIS_URL")
    }
    return {**kept, "HYGIE_DATA_DIR": str(tmp_path)}


def wait_for(what: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.1)
    return what()


def servers(data: Path) -> list[int]:
    """Processes of providers whose data are there."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            command, environment = (each / "cmdline").read_bytes(), (each / "environ").read_bytes()
        except OSError:
            continue
        if b"granian" in command and str(data).encode() in environment:
            found.append(int(each.name))
    return found


def test_the_bench_starts_a_provider_and_measures_it(alone: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [*BENCH, "--calls", "4", "--seconds", "1"],
        cwd=ROOT, env=alone, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "whole login" in done.stdout
    assert servers(tmp_path) == []


def test_the_bench_of_the_directory_imports_while_somebody_logs_in(alone: dict[str, str]) -> None:
    done = subprocess.run(
        [*BENCH[:3], "directory", "--people", "60", "--seconds", "1"],
        cwd=ROOT, env=alone, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for what in ("no import", "only computing", "first import", "same file", "1 % changed"):
        (line,) = (line for line in done.stdout.splitlines() if line.startswith(what))
        assert "a login meanwhile" in line
    assert "(at most 120: ok)" in done.stdout


def test_a_bench_that_is_killed_leaves_no_provider(alone: dict[str, str], tmp_path: Path) -> None:
    bench = subprocess.Popen(
        [*BENCH, "--calls", "20000", "--seconds", "30"],
        cwd=ROOT, env=alone, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        # The one that starts and the one that serves.
        assert wait_for(lambda: len(servers(tmp_path)) >= 2, 60)
    finally:
        bench.send_signal(signal.SIGKILL)
        bench.wait()
    assert wait_for(lambda: servers(tmp_path) == [], 10)
