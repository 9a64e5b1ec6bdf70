"""One event loop of this process's own, where no server runs one (WSGI, commands).

A loop made for each call would cost a thread and a connection to Redis every time.
"""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any

from asgiref.sync import SyncToAsync, async_to_sync

_making = threading.Lock()
# By process: what a fork inherits runs in its parent only.
_loops: dict[int, asyncio.AbstractEventLoop] = {}


def run(work: Coroutine[Any, Any, None], *, seconds: float) -> None:
    """Waits for its end; TimeoutError after so many seconds.

    Under an ASGI server the work is done in the server's loop: what waits in memory waits there.
    """
    server = getattr(SyncToAsync.threadlocal, "main_event_loop", None)
    # One that ended may be remembered still.
    if server is not None and server.is_running():
        async_to_sync(asyncio.wait_for)(work, seconds)
        return
    done = asyncio.run_coroutine_threadsafe(work, _loop())
    try:
        done.result(seconds)
    finally:
        done.cancel()


def _loop() -> asyncio.AbstractEventLoop:
    with _making:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="own loop", daemon=True).start()
        return loop
