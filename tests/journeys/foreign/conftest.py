"""The demo's provider with portals of others registered; the person at a browser."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.journeys.demo import ROOT, Demo, free_ports
from tests.journeys.foreign.desk import Landing, landing_page
from tests.journeys.foreign.node_portal import NodePortal, node_portal
from tests.journeys.registration import add_client, issuer_of


@pytest.fixture(scope="session")
def landing() -> Iterator[Landing]:
    with landing_page() as page:
        yield page


@pytest.fixture
def portal() -> Iterator[NodePortal]:
    with node_portal() as running:
        yield running


@pytest.fixture
def django_portal(demo: Demo, tmp_path: Path) -> Iterator[str]:
    """The address of a running portal of mozilla-django-oidc."""
    (port,) = free_ports(1)
    address = f"http://localhost:{port}"
    client = add_client(
        demo, "Portail Django",
        "--redirect-uri", f"{address}/oidc/callback/",
        "--post-logout-redirect-uri", f"{address}/",
    )  # fmt: skip
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.journeys.foreign.django_portal.settings",
        "FOREIGN_ISSUER": issuer_of(demo),
        "FOREIGN_PORT": str(port),
        "FOREIGN_CLIENT_ID": client["client_id"],
        "FOREIGN_CLIENT_SECRET": client["client_secret"],
        "FOREIGN_DATABASE": str(tmp_path / "foreign.sqlite3"),
    }
    run = [sys.executable, "-m", "django"]
    subprocess.run([*run, "migrate", "--verbosity=0"], cwd=ROOT, env=environment, check=True)
    log = tmp_path / "foreign.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*run, "runserver", f"localhost:{port}", "--noreload"],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        _wait(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            httpx2.get(address, timeout=5)
        except httpx2.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"the portal did not start:\n{log.read_text()}")
