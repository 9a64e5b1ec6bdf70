"""Measures what a bridge costs while nobody logs in.

Run: `PYTHONPATH=bridge/src python -m tests.bridge.measure_idle`.

A bridge with a loaded PKCS#11 module (SoftHSM2), three logins, then a minute with a page open and
a minute without.  Linux: memory from /proc/<pid>/smaps_rollup, CPU from /proc/<pid>/stat.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
from cps_bridge.commands.install import STARTER

from tests.bridge.pki import authentication_pair
from tests.emulators.softhsm import Entry, make_token

ORIGIN, PORT = "http://localhost:8000", 24940
CHALLENGE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
LOGINS, WATCH_SECONDS = 3, 60
# utime and stime, counted after the name in parentheses.
UTIME, STIME = 11, 12


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


def memory_kb(pid: int) -> int:
    """The proportional set size: shared pages counted once for all who share them."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return int(next(line for line in rollup if line.startswith("Pss:")).split()[1])


def cpu_seconds(pid: int) -> float:
    """What the process has used of the processor so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[UTIME]) + int(fields[STIME])) / os.sysconf("SC_CLK_TCK")


async def log_in(socket: aiohttp.ClientWebSocketResponse) -> float:
    """From the request to the token, the PIN coming from a file."""
    began = time.monotonic()
    await socket.send_json({"type": "authenticate", "challenge": CHALLENGE})
    while (message := await socket.receive_json())["type"] == "progress":
        pass
    assert message["type"] == "token", message
    return time.monotonic() - began


async def watch(pid: int, what: str) -> None:
    """Prints the share of a core used over the next minute."""
    before = cpu_seconds(pid)
    await asyncio.sleep(WATCH_SECONDS)
    share = (cpu_seconds(pid) - before) / WATCH_SECONDS
    say(f"{what}: {share:.2%} of a core, {memory_kb(pid) / 1024:.1f} MB PSS")


async def measure(pid: int) -> None:
    address = f"ws://127.0.0.1:{PORT}/v1/ws"
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(address, protocols=["cps-bridge.v1"], origin=ORIGIN) as socket,
    ):
        await socket.receive_json()
        times = [await log_in(socket) for _ in range(LOGINS)]
        say("request to token: " + ", ".join(f"{each:.2f} s" for each in times))
        # Answers the bridge's heartbeat as a page's browser does.
        reading = asyncio.create_task(socket.receive())
        await watch(pid, "idle, page open")
        reading.cancel()
    await watch(pid, "idle, no page")


def main() -> None:
    held = authentication_pair()
    with tempfile.TemporaryDirectory() as folder:
        entry = Entry(id=b"\1", certificate=held.certificate_pem, key=held.key_pem)
        token = make_token(Path(folder, "hsm"), entries=[entry])
        pin = Path(folder, "pin")
        pin.write_text("1234")
        process = subprocess.Popen(
            [
                *(*STARTER, "sandbox", "--module", str(token.module), "--pin-file", str(pin)),
                *("--origin", ORIGIN, "--ports", str(PORT)),
            ],
            env=os.environ | token.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        try:
            assert process.stdout is not None
            process.stdout.readline()
            say(f"started: {memory_kb(process.pid) / 1024:.1f} MB PSS, Python {sys.version[:6]}")
            asyncio.run(measure(process.pid))
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    main()
