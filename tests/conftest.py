"""Order of the run: first what shares the process with Django, then the journeys.

A journey's browser keeps an event loop running in the main thread: no other test could run in it.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from idp.core.right_of_way import file_of

# What is tested is the code, not how busy the machine is.
hypothesis_settings.register_profile(
    "hygie", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("hygie")

# A script that starts a run in the background has it ignore Ctrl-C, and all that it starts too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Leave nothing in memory where the folder that it is named after is of this run."""
    folder = Path(os.environ["HYGIE_DATA_DIR"])
    if folder.name.startswith("hygie-tests-"):
        file_of(folder).unlink(missing_ok=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "/journeys/" in item.nodeid)


@pytest.fixture(autouse=True)
def _no_language_left() -> Iterator[None]:
    """A request leaves its language to the thread: the next test starts in the default one."""
    yield
    translation.deactivate()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what tests measured: record_property("figure", "what: how much")."""
    reports = terminalreporter.stats.get("passed", []) + terminalreporter.stats.get("failed", [])
    figures = [
        text for report in reports for name, text in report.user_properties if name == "figure"
    ]
    if figures:
        terminalreporter.section("figures")
        for text in dict.fromkeys(figures):
            terminalreporter.write_line(text)


@pytest.fixture
def locks() -> None:
    """For tests of who waits for whom: on SQLite one transaction writes at a time, and all wait."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no locks of rows or of keys: the run on PostgreSQL tests it")
