"""Processes that read beside an import: they end with it, however it ends.

Imports nothing of Django: it runs in processes that know nothing of it.
"""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing.connection import wait
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

from idp.core.right_of_way import give_way_always

NICENESS: Final = 10
# Starting processes costs more than so few pieces of work.
ALONE: Final = 8
# For each process, so that none of them waits while the database does.
WAITING: Final = 6
# What they compute with, loaded once for all.
_PRELOADED: Final = "idp.directory.rules.stored_rows"
Given = TypeVar("Given")
Done = TypeVar("Done")


def workers() -> int:
    """How many an import has."""
    return min(os.cpu_count() or 1, 4)


class Processes:
    """Works side by side once there is enough to do; closed, none of them is left.

    `right_of_way`: the file by which whoever serves people goes first, if any.
    """

    def __init__(self, right_of_way: Path | None) -> None:
        self._right_of_way = right_of_way
        self._pool: ProcessPoolExecutor | None = None
        self._workers = workers()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is None:
            return
        if error is not None:
            # A pool that broke, an interrupt: whatever it is, nobody asks for the rest. One that
            # was started while the pool broke would be waited for without end.
            for process in multiprocessing.active_children():
                process.kill()
        self._pool.shutdown(wait=error is None, cancel_futures=True)

    def release(self) -> None:
        """None of them is left until there is work again."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def map(self, work: Callable[[Given], Done], every: Iterable[Given]) -> Iterator[Done]:
        """What `work` makes of each, in their order; not many of them are held at a time."""
        rest = iter(every)
        first = [*islice(rest, ALONE)]
        if len(first) < ALONE and self._pool is None:
            yield from map(work, first)
            return
        waiting: deque[Future[Done]] = deque()
        try:
            for each in chain(first, rest):
                waiting.append(self._submitted(work, each))
                if len(waiting) >= WAITING * self._workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Of a reading that is given up.
            for future in waiting:
                future.cancel()

    def _submitted(self, work: Callable[[Given], Done], given: Given) -> Future[Done]:
        try:
            self._pool = self._pool or self._started()
            return self._pool.submit(work, given)
        except OSError as error:
            # No process can be started, or a pool that breaks has closed its pipes: not the file's
            # fault.
            raise BrokenProcessPool(
                f"a process beside the import was killed or did not start: {error.strerror}"
            ) from error

    def _started(self) -> ProcessPoolExecutor:
        # Processes of their own, not forks: a fork would share the connections to the database.
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([_PRELOADED])
        return ProcessPoolExecutor(
            self._workers,
            mp_context=context,
            initializer=_begin_work,
            initargs=(self._right_of_way,),
        )


def _begin_work(right_of_way: Path | None) -> None:
    begin()
    if right_of_way is not None:
        give_way_always(right_of_way)


def begin() -> None:
    """Of a process that only computes: it runs when nobody who serves people wants to.

    Ctrl-C reaches it too. One that dropped what it was about to answer would be waited for without
    end: the import alone decides, and this one ends with it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        # Of `nice` processes, one may be chosen before a login that has just woken up.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    else:
        os.nice(NICENESS)
    # What it computes holds no cycles.
    gc.disable()
    end_with_parent()


def end_with_parent() -> None:
    """Watch the process that started this one; a killed import cannot say goodbye."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=[parent.sentinel], daemon=True).start()


def _watch(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
