"""The periodic jobs of `manage.py worker` (and of the demo's single process)."""

import threading
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

import structlog
from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.utils.module_loading import import_string

from idp.core.errors import IdpError

log = structlog.get_logger()


def jobs() -> dict[str, tuple[Callable[[], object], float]]:
    """`settings.WORKER_JOBS` with the callables loaded."""
    return {
        name: (import_string(path), float(every))
        for name, (path, every) in settings.WORKER_JOBS.items()
    }


def run_once(name: str, job: Callable[[], object]) -> None:
    """Runs one job; its failure is logged and never ends the worker."""
    close_old_connections()
    try:
        job()
    except (DatabaseError, IdpError, OSError) as error:
        log.error("job_failed", job=name, error=type(error).__name__, detail=str(error))
    finally:
        close_old_connections()


def run_forever(stop: threading.Event) -> None:
    """Runs every job as often as it is due, until `stop` is set. Jobs are idempotent: kill it.

    Each job has a thread of its own: a server outside that answers slowly delays its own job alone.
    What no job foresees ends them all and is raised here, so that a supervisor sees it.
    """
    table = jobs()
    with ThreadPoolExecutor(max_workers=len(table), thread_name_prefix="worker") as pool:
        running = [
            pool.submit(_repeat, name, job, every, stop) for name, (job, every) in table.items()
        ]
        done, _others = wait(running, return_when=FIRST_EXCEPTION)
        stop.set()
    for each in done:
        each.result()


def _repeat(name: str, job: Callable[[], object], every: float, stop: threading.Event) -> None:
    while not stop.is_set():
        run_once(name, job)
        stop.wait(every)
