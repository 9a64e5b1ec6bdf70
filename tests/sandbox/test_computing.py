"""What the bench holds an import's cost for logins against: processes that do compute."""

import multiprocessing
import time
from pathlib import Path

import pytest

from idp.directory.gateways.processes import workers
from idp.sandbox.bench.computing import computing
from idp.sandbox.bench.load import BenchError


def cpu_ticks(process_id: int | None) -> int:
    """User time, as Linux counts it."""
    return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[11])


def compute_until_one_is_killed() -> None:
    with computing():
        one = multiprocessing.active_children()[0]
        one.kill()
        one.join()


def test_as_many_processes_as_an_import_has_compute_until_the_end() -> None:
    with computing():
        processes = multiprocessing.active_children()
        assert len(processes) == workers()
        deadline = time.monotonic() + 60
        while not all(cpu_ticks(process.pid) > 20 for process in processes):
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert multiprocessing.active_children() == []


def test_a_process_that_has_ended_is_said() -> None:
    with pytest.raises(BenchError, match="has ended"):
        compute_until_one_is_killed()
    assert multiprocessing.active_children() == []
