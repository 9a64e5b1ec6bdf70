"""`./run demo` itself: the check, and ports that are taken."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from idp.sandbox.demo.ports import is_free
from tests.bridge.measure_idle import memory_kb
from tests.journeys.demo import ROOT, Demo, free_ports, running_demo
from tests.journeys.figures import FIGURES

pytestmark = pytest.mark.journey
MOST_MEMORY_MB = 400


def run_demo(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    port, portal_port, bridge_port = free_ports(3)
    return subprocess.run(
        [sys.executable, "manage.py", "demo", "--check"],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "HYGIE_MODE": "sandbox",
            "HYGIE_DATA_DIR": str(folder),
            "HYGIE_PORT": str(port),
            "HYGIE_PORTAL_PORT": str(portal_port),
            "HYGIE_BRIDGE_PORTS": str(bridge_port),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_check_logs_a_test_person_in_and_says_so_in_one_line(tmp_path: Path) -> None:
    done = run_demo(tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [done.stdout.strip()]
    assert "Dr Camille Lefèvre" in done.stdout
    began = time.monotonic()
    again = run_demo(tmp_path)
    FIGURES.note("second start, with a login", time.monotonic() - began, target=5)
    assert again.returncode == 0, again.stderr
    assert "Dr Camille Lefèvre" in again.stdout


def processes_of(demo: Demo) -> list[int]:
    """The provider's process and those it started: card bridge and portal."""
    children = Path(f"/proc/{demo.process_id}/task").glob("*/children")
    return [demo.process_id, *(int(pid) for each in children for pid in each.read_text().split())]


def test_the_whole_demo_is_small(demo: Demo) -> None:
    processes = processes_of(demo)
    assert len(processes) == 3
    memory = sum(map(memory_kb, processes)) / 1024
    FIGURES.note("whole demo's memory (PSS)", memory, target=MOST_MEMORY_MB, unit="MB")
    assert memory <= MOST_MEMORY_MB


@pytest.mark.parametrize("setting", ["HYGIE_PORT", "HYGIE_PORTAL_PORT"])
def test_a_port_that_is_taken_is_named_with_its_setting(
    demo: Demo, tmp_path: Path, setting: str
) -> None:
    taken = demo.environment[setting]
    done = run_demo(tmp_path, **{setting: taken})
    assert done.returncode != 0
    assert f"Port {taken}" in done.stderr
    assert f"{setting}=" in done.stderr


def test_taken_bridge_ports_are_named_with_their_setting(demo: Demo, tmp_path: Path) -> None:
    done = run_demo(tmp_path, HYGIE_BRIDGE_PORTS=str(demo.bridge_port))
    assert done.returncode != 0
    assert str(demo.bridge_port) in done.stderr
    assert "HYGIE_BRIDGE_PORTS" in done.stderr


@pytest.mark.parametrize("setting", ["HYGIE_PORTAL_PORT", "HYGIE_BRIDGE_PORTS"])
def test_two_settings_that_name_one_port_are_both_named(tmp_path: Path, setting: str) -> None:
    (port,) = free_ports(1)
    done = run_demo(tmp_path, HYGIE_PORT=str(port), **{setting: str(port)})
    assert done.returncode != 0
    assert f"HYGIE_PORT and {setting} both say {port}" in done.stderr


def test_a_port_taken_on_the_other_loopback_address_is_taken(tmp_path: Path) -> None:
    """A browser asks ::1 first for `localhost`: it would meet the stranger there."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as stranger:
        port = stranger.getsockname()[1]
        done = run_demo(tmp_path, HYGIE_PORT=str(port))
    assert done.returncode != 0
    assert f"Port {port}" in done.stderr


def test_a_demo_that_is_killed_leaves_its_ports_to_the_next_one() -> None:
    with running_demo() as demo:
        ports = (int(demo.environment["HYGIE_PORTAL_PORT"]), demo.bridge_port)
        os.kill(demo.process_id, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while not all(map(is_free, ports)):
            assert time.monotonic() < deadline, "the children of the demo live on"
        again = subprocess.run(
            [sys.executable, "manage.py", "demo", "--check"],
            cwd=ROOT,
            env=demo.environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert again.returncode == 0, again.stderr


def test_data_of_another_version_is_said_to_be_so(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "hygie.sqlite3") as database:
        database.execute("CREATE TABLE audit_auditrow (id INTEGER PRIMARY KEY)")
    done = run_demo(tmp_path)
    assert done.returncode == 1
    assert f"The demo's data in {tmp_path} does not fit this version" in done.stderr
    assert "Traceback" not in done.stderr
