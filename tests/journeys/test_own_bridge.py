"""A workstation with a real PKCS#11 module, and one without any bridge."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.emulators.softhsm import Entry, SoftToken, make_token
from tests.journeys.card_desk import PIN, choose_card, expect_failure, expect_greeting
from tests.journeys.demo import ROOT, Demo, running_demo

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    """A demo whose workstation has no bridge of its own."""
    with running_demo("--no-bridge") as running:
        yield running


def card_in_softhsm(demo: Demo, folder: Path, card: str) -> SoftToken:
    source = demo.data_dir / "sandbox" / "cards" / card
    entry = Entry(
        id=b"\x12\x16",
        certificate=(source / "auth.crt").read_bytes(),
        key=(source / "auth.key").read_bytes(),
    )
    return make_token(folder, entries=[entry], pin=PIN)


@contextmanager
def bridge(demo: Demo, token: SoftToken, folder: Path, pin: str = PIN) -> Iterator[None]:
    """`cps-bridge` on SoftHSM2, its PIN from a file since nobody sits at the prompt."""
    pin_file = folder / "pin"
    pin_file.write_text(pin)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "cps_bridge", "sandbox"),
            *("--module", str(token.module), "--pin-file", str(pin_file)),
            *("--origin", demo.base_url, "--ports", str(demo.bridge_port)),
        ],
        cwd=ROOT,
        env={**os.environ, **token.environment, "PYTHONPATH": str(ROOT / "bridge" / "src")},
        stdin=subprocess.DEVNULL,
    )
    try:
        _wait_for_status(demo, process)
        yield
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait_for_status(demo: Demo, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx2.get(
                f"http://127.0.0.1:{demo.bridge_port}/v1/status",
                headers={"Origin": demo.base_url},
                timeout=2,
            ).raise_for_status()
        except httpx2.TransportError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError("the bridge did not answer")


@pytest.mark.parametrize(
    ("card", "name"), [("doctor", "Dr Camille Lefèvre"), ("midwife", "Anne-Laure Nguyên-Martin")]
)
def test_a_card_behind_a_real_pkcs11_module_logs_in(
    desk: Page, demo: Demo, tmp_path: Path, card: str, name: str
) -> None:
    with bridge(demo, card_in_softhsm(demo, tmp_path, card), tmp_path):
        choose_card(desk, demo)
        expect_greeting(desk, name)


def test_a_wrong_code_behind_a_real_module_is_said(desk: Page, demo: Demo, tmp_path: Path) -> None:
    with bridge(demo, card_in_softhsm(demo, tmp_path, "doctor"), tmp_path, pin="9999"):
        choose_card(desk, demo)
        expect_failure(desk, "pin_incorrect")


def test_a_workstation_without_bridge_is_told_what_to_do(desk: Page, demo: Demo) -> None:
    choose_card(desk, demo)
    expect_failure(desk, "no_bridge")
    expect(desk.locator("#card-error")).to_contain_text("L’e-CPS sur votre téléphone")
    desk.click("#choose-other")
    expect(desk.locator("#choose-phone")).to_be_visible()
