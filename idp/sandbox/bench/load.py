"""Runs one step over several connections at once, bounded in time and count, and measures it."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

# One call of the step; it raises BenchError when the answer is not the one expected.
Call = Callable[[], None]


class Spent(Protocol):
    """A clock of CPU time: seconds so far, None where they cannot be seen."""

    def seconds(self) -> float | None: ...


class BenchError(Exception):
    """The provider did not answer as the step expects."""


class ExhaustedError(Exception):
    """One connection has used up what was made for it beforehand; the others go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Whichever comes first ends the measurement."""

    seconds: float
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """Times in milliseconds. `cpu` is None where the server's process is not seen."""

    name: str
    calls: int
    rate: float
    p50: float
    p99: float
    cpu: float | None


class _Run:
    """What the threads of one measurement share."""

    def __init__(self, limits: Limits) -> None:
        self._lock = threading.Lock()
        self._left = limits.calls
        self._deadline = time.perf_counter() + limits.seconds
        self.times: list[float] = []
        self.error: BenchError | None = None

    def _may_go_on(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0 and self.error is None and time.perf_counter() < self._deadline

    def work(self, call: Call) -> None:
        while self._may_go_on():
            began = time.perf_counter()
            try:
                call()
            except ExhaustedError:
                return
            except (BenchError, OSError) as error:
                self.error = BenchError(str(error) or type(error).__name__)
                return
            self.times.append(time.perf_counter() - began)


def measure(name: str, calls: Sequence[Call], *, limits: Limits, cpu: Spent) -> Measure:
    """One thread for each of `calls`; the first wrong answer ends it (BenchError)."""
    run = _Run(limits)
    threads = [threading.Thread(target=run.work, args=(call,)) for call in calls]
    cpu_before, began = cpu.seconds(), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed, cpu_after = time.perf_counter() - began, cpu.seconds()
    if run.error is not None:
        raise run.error
    done = len(run.times)
    if not done:
        raise BenchError("no call was finished in time")
    spent = None if cpu_before is None or cpu_after is None else cpu_after - cpu_before
    return Measure(
        name=name,
        calls=done,
        rate=done / elapsed,
        p50=percentile(run.times, 50) * 1000,
        p99=percentile(run.times, 99) * 1000,
        cpu=None if spent is None else spent * 1000 / done,
    )


def percentile(times: Sequence[float], rank: int) -> float:
    """The smallest value that `rank` % of the values do not exceed."""
    ordered = sorted(times)
    return ordered[max(0, -(-len(ordered) * rank // 100) - 1)]
