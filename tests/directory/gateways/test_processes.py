"""Processes beside an import do not outlive it, and stand in nobody's way."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from idp.core.right_of_way import Server, work_at
from idp.directory.gateways.processes import ALONE, Processes, begin

PARENT = """
import multiprocessing, os, sys, time
from concurrent.futures import ProcessPoolExecutor
from idp.directory.gateways.processes import end_with_parent
if __name__ == "__main__":
    context = multiprocessing.get_context("forkserver")
    pool = ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent)
    print(pool.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""


def test_a_killed_import_leaves_no_process_behind() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        worker = os.pidfd_open(int(parent.stdout.readline()))
        parent.send_signal(signal.SIGKILL)
        # Readable once the process has ended.
        with Connection(worker, writable=False) as ended:
            assert ended.poll(10)


def test_a_process_beside_an_import_runs_when_nobody_else_wants_to() -> None:
    told = "import os; from idp.directory.gateways.processes import begin; begin(); print("
    told += "os.sched_getscheduler(0) == os.SCHED_IDLE)"
    done = subprocess.run([sys.executable, "-c", told], stdout=subprocess.PIPE, check=True)
    assert done.stdout == b"True\n"


def test_ctrl_c_leaves_the_end_to_the_import() -> None:
    # A terminal sends it to all: one that lost its answer would be waited for without end.
    with ProcessPoolExecutor(1, mp_context=get_context("forkserver"), initializer=begin) as pool:
        worker = pool.submit(os.getpid).result()
        for _ in range(20):
            os.kill(worker, signal.SIGINT)
            assert pool.submit(os.getpid).result() == worker


def stands_still(path: Path) -> bool:
    """Of a process that computes while people are served, ten seconds at most: again and again."""
    server, work = Server(path), work_at(path)
    until = time.monotonic() + 10
    for _ in range(2):
        before = work.given
        while work.given == before and time.monotonic() < until:
            server.take()
    return time.monotonic() < until


def test_released_none_is_left_until_there_is_work_again() -> None:
    with Processes(None) as processes:
        first = {*processes.map(own_number, range(ALONE))}
        processes.release()
        for number in first:
            with pytest.raises(ProcessLookupError):
                os.kill(number, 0)
        again = {*processes.map(own_number, range(ALONE))}
        assert os.getpid() not in first | again
    processes.release()


def own_number(_given: int) -> int:
    return os.getpid()


def test_a_process_stands_still_while_people_are_served(tmp_path: Path) -> None:
    path = tmp_path / "right-of-way"
    Server(path)
    with Processes(path) as processes:
        assert all(processes.map(stands_still, [path] * ALONE))
