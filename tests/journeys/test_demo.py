"""`./run demo` itself: the check, and ports that are taken."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.demo import ROOT, Demo, free_ports

pytestmark = pytest.mark.journey


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
