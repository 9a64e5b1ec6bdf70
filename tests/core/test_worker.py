"""The worker: jobs side by side, each at its own pace."""

import threading
from collections.abc import Iterator

import pytest
from pytest_django import DjangoDbBlocker, Settings

from idp.core import worker
from idp.core.errors import IdpError

SLOW_STARTED, SLOW_MAY_END, STOP = threading.Event(), threading.Event(), threading.Event()
COUNTED: list[int] = []


def slow() -> None:
    """A server outside that takes its time."""
    SLOW_STARTED.set()
    assert SLOW_MAY_END.wait(20)


def quick() -> None:
    assert SLOW_STARTED.wait(20)
    COUNTED.append(1)
    if len(COUNTED) == 3:
        SLOW_MAY_END.set()
        STOP.set()


def failing() -> None:
    """What a job foresees: logged, and tried again."""
    COUNTED.append(1)
    if len(COUNTED) == 3:
        STOP.set()
    raise IdpError("outbound_failed", "")


def broken() -> None:
    raise KeyError("a mistake in our own code")


@pytest.fixture(autouse=True)
def _fresh(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    for event in (SLOW_STARTED, SLOW_MAY_END, STOP):
        event.clear()
    COUNTED.clear()
    with django_db_blocker.unblock():
        yield


def run(settings: Settings, **jobs: float) -> None:
    settings.WORKER_JOBS = {name: (f"{__name__}.{name}", every) for name, every in jobs.items()}
    worker.run_forever(STOP)


def test_a_slow_job_delays_no_other(settings: Settings) -> None:
    run(settings, slow=60, quick=0.01)
    assert len(COUNTED) == 3


def test_a_job_that_fails_is_tried_again(settings: Settings) -> None:
    run(settings, failing=0.01)
    assert len(COUNTED) == 3


def test_a_mistake_of_our_own_ends_the_worker_and_is_seen(settings: Settings) -> None:
    with pytest.raises(KeyError):
        run(settings, failing=60, broken=0.01)
    assert STOP.is_set()
