"""Runs `manage.py demo` as a person would, on ports and data of its own."""

import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import httpx2
import psycopg

from idp.core.right_of_way import file_of

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60
_PORTS = itertools.count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """A running demo. `environment` is what its commands need."""

    base_url: str
    portal_url: str
    reader_url: str
    bridge_port: int
    data_dir: Path
    process_id: int
    environment: dict[str, str]

    def manage(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a management command on this demo's data."""
        return subprocess.run(
            [sys.executable, "manage.py", *command],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )


def free_ports(count: int) -> list[int]:
    """Below those that the system gives away by itself, and of a range of this process's own.

    So nobody takes one between now and the moment that its server listens, and none comes twice.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 3
    found: list[int] = []
    while len(found) < count:
        port = 27000 + 1500 * worker + (os.getpid() + next(_PORTS)) % 1500
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.append(port)
    return found


@contextmanager
def own_database(url: str | None) -> Iterator[dict[str, str]]:
    """On PostgreSQL, a database of this run's own, removed afterwards; else the demo's default."""
    if not url or not url.startswith("postgres"):
        yield {}
        return
    name = f"hygie_journey_{uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}"'.encode())
    try:
        yield {"DATABASE_URL": urlunsplit(urlsplit(url)._replace(path=f"/{name}"))}
    finally:
        with psycopg.connect(url, autocommit=True) as admin:
            admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())


@contextmanager
def running_demo(*options: str, **settings: str) -> Iterator[Demo]:
    """Starts the demo, waits until the portal answers, stops it with the signal of a shutdown."""
    port, portal_port, *bridge_ports = free_ports(4)
    with (
        tempfile.TemporaryDirectory(prefix="hygie-journey-") as folder,
        own_database(os.environ.get("DATABASE_URL")) as database,
    ):
        environment = {
            **os.environ,
            **database,
            "HYGIE_MODE": "sandbox",
            "HYGIE_DATA_DIR": folder,
            "HYGIE_PORT": str(port),
            "HYGIE_PORTAL_PORT": str(portal_port),
            "HYGIE_BRIDGE_PORTS": ",".join(map(str, bridge_ports)),
            # Rate windows of an earlier run must not reach into this one.
            "HYGIE_REDIS_PREFIX": f"journey-{uuid4().hex[:12]}",
            **settings,
        }
        log = Path(folder) / "demo.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "demo", *options],
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        demo = Demo(
            base_url=f"http://localhost:{port}",
            portal_url=f"http://localhost:{portal_port}",
            reader_url=f"http://127.0.0.1:{bridge_ports[0]}/sandbox/",
            bridge_port=bridge_ports[0],
            data_dir=Path(folder),
            process_id=process.pid,
            environment=environment,
        )
        try:
            _wait_ready(demo, process, log)
            yield demo
        finally:
            process.terminate()
            process.wait(timeout=20)
            file_of(Path(folder)).unlink(missing_ok=True)


def _wait_ready(demo: Demo, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the demo stopped:\n{log.read_text()}")
        if b"is ready" in log.read_bytes():
            httpx2.get(f"{demo.portal_url}/health", timeout=5).raise_for_status()
            return
        time.sleep(0.1)
    raise RuntimeError(f"the demo was not ready in {START_SECONDS} s:\n{log.read_text()}")
