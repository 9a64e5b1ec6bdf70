"""Runs a dialog as a child process, so that closing the page can end it at any moment.

A child, not a thread: toolkits want a main thread, and none of them stays in the bridge's memory.
"""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cps_bridge.errors import BridgeError, Code
from cps_bridge.watch import Watch

POLL_SECONDS = 0.05
END_SECONDS = 2.0


@contextmanager
def dialog(command: Sequence[str], *, text: str) -> Iterator[subprocess.Popen[str]]:
    """Start `command` with `text` on its standard input; it never outlives the block."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    try:
        assert process.stdin is not None  # noqa: S101  (PIPE above)
        try:
            process.stdin.write(text)
            process.stdin.close()
        except BrokenPipeError as error:
            raise BridgeError(Code.USER_CANCELLED, detail="dialog did not start") from error
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def run_dialog(command: Sequence[str], *, text: str, watch: Watch) -> str:
    """Return what the dialog printed once the person closed it."""
    with dialog(command, text=text) as process:
        while process.poll() is None:
            watch.pause(POLL_SECONDS)
        assert process.stdout is not None  # noqa: S101  (PIPE above)
        return process.stdout.read()
