"""The demo's other processes: card bridge and portal. Their output goes to files of the demo."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.core.management.base import CommandError

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def is_running(self) -> bool:
        return self.process.poll() is None

    def last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()
        return "\n".join(lines[-5:])

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            # With what it started: it leads a group of its own.
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start(name: str, command: list[str], *, log_dir: Path, **environment: str) -> Child:
    """Starts `python -m <command>` with these variables added to the environment.

    On a leash: it ends with this process, even where that is killed.
    """
    log_dir.mkdir(parents=True, exist_ok=True)
    log = log_dir / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "idp.sandbox.demo.leash", *command],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'bridge' / 'src'}", **environment},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Child(name=name, process=process, log=log)


def wait_until(
    is_up: Callable[[], bool], child: Child | None, *, seconds: float, what: str
) -> None:
    """Waits for `is_up()`; a child that died meanwhile is reported with its last words."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(OSError):
            if is_up():
                return
        if child is not None and not child.is_running():
            raise CommandError(f"The {what} stopped at once:\n{child.last_words()}")
        time.sleep(0.05)
    raise CommandError(f"The {what} did not answer within {seconds:.0f} s.")
