"""The periodic jobs of `manage.py worker` (and of the demo's single process)."""

import threading
import time
from collections.abc import Callable

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
    """Runs every job when it is due, until `stop` is set. Jobs are idempotent: kill it any time."""
    due = dict.fromkeys(settings.WORKER_JOBS, 0.0)
    table = jobs()
    while not stop.is_set():
        for name, (job, every) in table.items():
            if time.monotonic() >= due[name]:
                run_once(name, job)
                due[name] = time.monotonic() + every
        stop.wait(0.5)
