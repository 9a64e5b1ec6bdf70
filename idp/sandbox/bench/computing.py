"""As many processes as an import has, which only compute, when nobody else wants to.

Imports nothing of Django: it runs in processes that know nothing of it.
"""

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Final

from idp.directory.gateways.processes import begin, workers
from idp.sandbox.bench.load import BenchError

_START_SECONDS: Final = 30


@contextmanager
def computing() -> Iterator[None]:
    """From when they compute on. Raises `BenchError` where one of them did not all the while."""
    context = multiprocessing.get_context("spawn")
    told, telling = context.Pipe(duplex=False)
    processes: list[SpawnProcess] = []
    try:
        for _ in range(workers()):
            process = context.Process(target=_compute, args=[telling])
            process.start()
            processes.append(process)
        for _ in processes:
            if not told.poll(_START_SECONDS):
                raise BenchError("a process that only computes did not start")
            told.recv_bytes()
        yield
        if not all(process.is_alive() for process in processes):
            raise BenchError("a process that only computes has ended")
    finally:
        for process in processes:
            process.kill()
            process.join()


def _compute(telling: Connection) -> None:
    begin()
    telling.send_bytes(b"computing")
    while True:
        sum(range(1000))
