"""The demo's single provider process: pages, protocol, live updates and the periodic jobs."""

import threading

import uvicorn

from idp.core import worker
from idp.core.management.commands.serve import LARGEST_FRAME


class Provider:
    """uvicorn in a thread, the worker in another: started together, stopped together."""

    def __init__(self, *, port: int) -> None:
        config = uvicorn.Config(
            "idp.asgi:application",
            host="127.0.0.1",
            port=port,
            log_level="warning",
            lifespan="off",
            ws="websockets-sansio",
            ws_max_size=LARGEST_FRAME,
            timeout_graceful_shutdown=2,
        )
        self._server = uvicorn.Server(config)
        self._stop = threading.Event()
        self._threads = (
            threading.Thread(target=self._server.run, name="provider", daemon=True),
            threading.Thread(target=worker.run_forever, args=(self._stop,), name="worker"),
        )

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def is_up(self) -> bool:
        return self._server.started

    def stop(self) -> None:
        self._stop.set()
        self._server.should_exit = True
        for thread in self._threads:
            # What failed before the start must not be hidden by a complaint about threads.
            if thread.is_alive():
                thread.join(timeout=5)
