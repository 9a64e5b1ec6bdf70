"""A workstation with a real PKCS#11 module (SoftHSM2, OpenSC), and one without any bridge."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from playwright.sync_api import Page, expect

from tests.bridge.virtual_desk import opensc_module, unblock
from tests.emulators.pcscd import Pcscd
from tests.emulators.piv_card import AUTHENTICATION, SIGNATURE, KeyPair, PivCard
from tests.emulators.softhsm import Entry, SoftToken, make_token
from tests.journeys.card_desk import PIN, WRONG_PIN, choose_card, expect_failure, expect_greeting
from tests.journeys.demo import ROOT, Demo, running_demo
from tests.journeys.figures import FIGURES

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


@pytest.fixture
def pcscd() -> Iterator[Pcscd]:
    """A smart card service with a virtual reader, no card in."""
    with tempfile.TemporaryDirectory(prefix="pcscd-") as folder:
        daemon = Pcscd(Path(folder))
        daemon.start()
        try:
            yield daemon
        finally:
            daemon.slots[0].eject()
            daemon.stop()


def card_in_hand(demo: Demo, card: str) -> PivCard:
    """A chip card with the keys and certificates of the sandbox's card."""
    folder = demo.data_dir / "sandbox" / "cards" / card
    return PivCard(
        {AUTHENTICATION: _key_pair(folder, "auth"), SIGNATURE: _key_pair(folder, "sign")}, pin=PIN
    )


def _key_pair(folder: Path, use: str) -> KeyPair:
    key = load_pem_private_key((folder / f"{use}.key").read_bytes(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    certificate = x509.load_pem_x509_certificate((folder / f"{use}.crt").read_bytes())
    return KeyPair(certificate=certificate, key=key)


@contextmanager
def bridge(
    demo: Demo, module: Path, pin_file: Path, environment: dict[str, str], pin: str = PIN
) -> Iterator[None]:
    """`cps-bridge` on a module, its PIN from a file since nobody sits at the prompt."""
    pin_file.write_text(pin)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "cps_bridge", "sandbox"),
            *("--module", str(module), "--pin-file", str(pin_file)),
            *("--origin", demo.base_url, "--ports", str(demo.bridge_port)),
        ],
        cwd=ROOT,
        env={**os.environ, **environment, "PYTHONPATH": str(ROOT / "bridge" / "src")},
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
    token = card_in_softhsm(demo, tmp_path, card)
    with bridge(demo, token.module, tmp_path / "pin", token.environment):
        choose_card(desk, demo)
        expect_greeting(desk, name)


def test_a_wrong_code_behind_a_real_module_is_said(desk: Page, demo: Demo, tmp_path: Path) -> None:
    token = card_in_softhsm(demo, tmp_path, "doctor")
    with bridge(demo, token.module, tmp_path / "pin", token.environment, pin=WRONG_PIN):
        choose_card(desk, demo)
        expect_failure(desk, "pin_incorrect")


@pytest.mark.parametrize(
    ("card", "name"), [("doctor", "Dr Camille Lefèvre"), ("midwife", "Anne-Laure Nguyên-Martin")]
)
def test_a_chip_card_put_into_a_reader_logs_in(
    desk: Page, demo: Demo, tmp_path: Path, pcscd: Pcscd, card: str, name: str
) -> None:
    with bridge(demo, opensc_module(), tmp_path / "pin", pcscd.environment):
        choose_card(desk, demo)
        expect(desk.locator("#card-login")).to_have_attribute("data-state", "insert_card")
        pcscd.slots[0].insert(card_in_hand(demo, card))
        inserted = time.monotonic()
        expect_greeting(desk, name)
        FIGURES.note(
            f"Card login over PC/SC ({card}), card in the reader to greeted",
            time.monotonic() - inserted,
            target=3,
        )


def test_a_chip_card_locks_at_the_third_wrong_pin_until_its_puk(
    desk: Page, demo: Demo, tmp_path: Path, pcscd: Pcscd
) -> None:
    chip, pin_file = card_in_hand(demo, "doctor"), tmp_path / "pin"
    pcscd.slots[0].insert(chip)
    with bridge(demo, opensc_module(), pin_file, pcscd.environment, pin=WRONG_PIN):
        for code in ("pin_incorrect", "pin_final_try", "pin_locked"):
            choose_card(desk, demo)
            expect_failure(desk, code)
        pin_file.write_text(PIN)
        choose_card(desk, demo)
        expect_failure(desk, "pin_locked")
        assert (chip.pin.left, chip.signatures) == (0, 0)
        unblock(PIN, pcscd.environment)
        choose_card(desk, demo)
        expect_greeting(desk, "Dr Camille Lefèvre")


def test_a_workstation_without_bridge_is_told_what_to_do(desk: Page, demo: Demo) -> None:
    choose_card(desk, demo)
    expect_failure(desk, "no_bridge")
    desk.click("#choose-other")
    expect(desk.locator("#choose-phone")).to_be_visible()
