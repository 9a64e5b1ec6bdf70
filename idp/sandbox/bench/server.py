"""The provider that the bench starts when it is given none: one process, data of its own."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.conf import settings

from idp.core import logs
from idp.sandbox.demo.children import Child, start, wait_until
from idp.sandbox.demo.prepare import prepare

READY_SECONDS = 30


def own_provider(port: int) -> AbstractContextManager[str]:
    """One WSGI process for pages and protocol."""
    return provider(
        port,
        *("granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--no-ws", "--log-level", "warning", "idp.wsgi:application"),
    )


@contextmanager
def provider(port: int, *command: str) -> Iterator[str]:
    """Its base URL; stopped at the end. Its data stay in HYGIE_DATA_DIR for the next run."""
    logs.write_to_file(settings.HYGIE.data_dir / "log" / "bench.log")
    prepare()
    child = start(
        "provider",
        list(command),
        log_dir=settings.HYGIE.data_dir / "log",
        HYGIE_MODE="sandbox",
        HYGIE_BASE_URL=f"http://localhost:{port}",
        HYGIE_DATA_DIR=str(settings.HYGIE.data_dir),
        HYGIE_LOG_LEVEL="WARNING",
    )
    try:
        _wait(port, child)
        yield f"http://localhost:{port}"
    finally:
        child.stop()


def _wait(port: int, child: Child) -> None:
    def is_up() -> bool:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True

    wait_until(is_up, child, seconds=READY_SECONDS, what="provider")


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
