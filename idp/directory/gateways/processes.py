"""Processes that read beside an import: they end with it, however it ends.

Imports nothing of Django: it runs in processes that know nothing of it.
"""

import gc
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait
from typing import Final

NICENESS: Final = 10


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
