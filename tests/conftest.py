"""Order of the run: what shares the process with Django first, then the journeys with their browser.

A journey's browser keeps an event loop running in the main thread, in which no other test could run.
"""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: "/journeys/" in item.nodeid)
