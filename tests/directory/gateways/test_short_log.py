"""While an import stores much, what is committed beside it waits for little."""

import threading
import time
from collections.abc import Callable

import pytest
from django.db import connection

from idp.directory.gateways import short_log as module
from idp.directory.gateways.bulk import only_import
from idp.directory.gateways.short_log import NAME, short_log

pytestmark = pytest.mark.django_db(transaction=True)


def at_work() -> bool:
    return any(thread.name == NAME for thread in threading.enumerate())


def soon(holds: Callable[[], bool]) -> bool:
    until = time.monotonic() + 10
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.01)
    return held


def test_an_import_keeps_the_log_short_as_long_as_it_lasts() -> None:
    with only_import():
        # Elsewhere there is no such log.
        assert at_work() is (connection.vendor == "postgresql")
    assert not at_work()


def test_an_import_goes_on_when_its_log_is_kept_short_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "_NOTHING", "SELECT 1 / 0")
    with short_log(), connection.cursor() as cursor:
        assert soon(lambda: not at_work())
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    # It says so, where there is such a log.
    assert ("short_log_stopped" in caplog.text) is (connection.vendor == "postgresql")
