"""Chromium from the system, one demo for all journeys, a fresh browser for each."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from tests.journeys.demo import Demo, running_demo
from tests.journeys.figures import FIGURES
from tests.journeys.foreign.node_portal import OLDEST_NODE, has_node
from tests.journeys.phone_desk import Sensor, add_sensor


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """One for all journeys of this process. At the end, its log proves every login of theirs."""
    with running_demo() as running:
        yield running
        running.manage("worker", "--once")
        verified = running.manage("audit", "verify")
        assert verified.returncode == 0, verified.stderr
        assert "audit log intact" in verified.stdout


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.fail("Chromium is missing: ./run test installs it, or apt-get install chromium")
    return {
        "executable_path": chromium,
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


@pytest.fixture
def desktop(browser: Browser) -> Iterator[BrowserContext]:
    """The professional's workstation."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="fr-FR")
    yield context
    context.close()


@pytest.fixture
def desk(desktop: BrowserContext) -> Page:
    """A page of the workstation's browser."""
    return desktop.new_page()


@pytest.fixture
def reader(desktop: BrowserContext, demo: Demo) -> Page:
    """The sandbox card reader in a window of its own, every card as new and no card inside."""
    page = desktop.new_page()
    page.goto(demo.reader_url)
    return page


@pytest.fixture
def pocket(browser: Browser, playwright: Playwright) -> Iterator[BrowserContext]:
    """The professional's phone."""
    device = dict(playwright.devices["Pixel 7"])
    device.pop("default_browser_type")
    context = browser.new_context(**device, locale="fr-FR")
    yield context
    context.close()


@pytest.fixture
def phone(pocket: BrowserContext) -> Page:
    return pocket.new_page()


@pytest.fixture
def sensor(pocket: BrowserContext, phone: Page) -> Sensor:
    return add_sensor(pocket, phone)


NOT_RUN: list[str] = []


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What cannot run here is said in the summary, never passed over in silence."""
    needs_node = [item for item in items if item.get_closest_marker("node")]
    if not needs_node or has_node():
        return
    NOT_RUN.append(f"{len(needs_node)} journeys: Node {OLDEST_NODE} or newer, with npm, is missing")
    config.hook.pytest_deselected(items=needs_node)
    items[:] = [item for item in items if item not in needs_node]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Side by side, each process tells the first one what it measured and left out."""
    told = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["journeys"] = {"figures": FIGURES.lines, "not_run": NOT_RUN}


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    told = node.workeroutput.get("journeys", {})
    FIGURES.lines += told.get("figures", [])
    NOT_RUN.extend(line for line in told.get("not_run", []) if line not in NOT_RUN)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if NOT_RUN:
        terminalreporter.section("NOT RUN")
        for line in NOT_RUN:
            terminalreporter.write_line(line)
    if FIGURES.lines:
        terminalreporter.section("figures of the journeys")
        for line in FIGURES.lines:
            terminalreporter.write_line(line)
