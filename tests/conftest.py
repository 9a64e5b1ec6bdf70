"""Order of the run: first what shares the process with Django, then the journeys.

A journey's browser keeps an event loop running in the main thread: no other test could run in it.
"""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The journey that ends with the audit log needs the logins of all the others before it.
    items.sort(key=lambda item: ("/journeys/" in item.nodeid, "test_audit_log" in item.nodeid))
