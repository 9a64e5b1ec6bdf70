"""The one thread that owns the card: a PKCS#11 module keeps its login per process, not per call.

A daemon thread, so that a module that hangs behind another program cannot keep the bridge alive.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Runs calls one after the other."""

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="card", daemon=True).start()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Queue `call` and return its future."""
        future: Future[T] = Future()

        def job() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = call()
            except BaseException as error:  # noqa: BLE001  (handed to whoever waits)
                future.set_exception(error)
            else:
                future.set_result(result)

        self._jobs.put(job)
        return future

    def _run(self) -> None:
        while True:
            self._jobs.get()()
