"""The bridge answers pages of this computer, and calls nobody: watched while it serves a login.

Python's calls are seen; those of the PKCS#11 module to the card service are its own.
"""

import os
from pathlib import Path

import aiohttp

from tests.bridge.measure_idle import log_in
from tests.bridge.pki import authentication_pair
from tests.bridge.test_commands import ORIGIN, SOURCE, running
from tests.emulators.softhsm import Entry, make_token

PORT = 24917
# Run by Python at its start: each socket that is bound or connected, each name that is looked up.
WATCH = """
import os, sys
CALLS = {"socket.bind", "socket.connect", "socket.sendto", "socket.getaddrinfo",
         "socket.gethostbyname", "os.system", "webbrowser.open", "urllib.Request"}
log = os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
def note(event, arguments):
    if event in CALLS:
        os.write(log, f"{event} {arguments[1:]}\\n".encode())
sys.addaudithook(note)
"""


async def test_a_login_makes_the_bridge_call_nobody(tmp_path: Path) -> None:
    held = authentication_pair()
    entry = Entry(id=b"\1", certificate=held.certificate_pem, key=held.key_pem)
    token = make_token(tmp_path / "hsm", entries=[entry])
    (tmp_path / "pin").write_text("1234")
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    watched = tmp_path / "calls"
    environment = {
        **token.environment,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(SOURCE)]),
        "WATCHED": str(watched),
    }
    arguments = ("sandbox", "--module", str(token.module), "--pin-file", str(tmp_path / "pin"))
    with running(*arguments, "--origin", ORIGIN, "--ports", str(PORT), **environment):
        async with (
            aiohttp.ClientSession() as http,
            http.ws_connect(
                f"ws://127.0.0.1:{PORT}/v1/ws", protocols=["cps-bridge.v1"], origin=ORIGIN
            ) as socket,
        ):
            await socket.receive_json()
            await log_in(socket)
    # The one port it listens on, and nothing else: no name asked for, nobody connected to.
    assert watched.read_text().splitlines() == [f"socket.bind (('127.0.0.1', {PORT}),)"]
