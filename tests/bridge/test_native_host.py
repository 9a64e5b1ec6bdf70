"""Native messaging: what the host refuses before it parses, and a login over its pipes."""

import asyncio
import base64
import hashlib
import io
import json
import os
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from cps_bridge.authentication import Limits
from cps_bridge.commands import native as command
from cps_bridge.commands.install import EXTENSION, STARTER
from cps_bridge.config import Config
from cps_bridge.desk import Desk
from cps_bridge.errors import SetupError
from cps_bridge.native import CHROMIUM_EXTENSION, FIREFOX_EXTENSION, HOST_NAME
from cps_bridge.native.frames import FrameError, read_frame, write_frame
from cps_bridge.native.host import Pipes, is_our_extension, serve_browser
from cps_bridge.prompts import PinAnswer, PinRequest
from cps_bridge.watch import Watch
from hypothesis import given
from hypothesis import strategies as st

from tests.bridge.cards import write_tray
from tests.bridge.middleware import Middleware
from tests.bridge.scripted import CHALLENGE, ORIGIN, reader_over, verified

CALLER = f"chrome-extension://{CHROMIUM_EXTENSION}/"
HELLO = {"type": "hello", "origin": ORIGIN}
STATUS = {"type": "status", "card": "present", "pin_pad": True}


def framed(content: bytes) -> bytes:
    return struct.pack("=I", len(content)) + content


class Browser:
    """The other end of the pipes."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.process = process

    def say(self, message: Any) -> None:
        self.say_raw(framed(json.dumps(message).encode()))

    def say_raw(self, content: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(content)
        self.process.stdin.flush()

    def hear(self) -> Any:
        """The next message, None at the end."""
        assert self.process.stdout is not None
        header = self.process.stdout.read(4)
        return (
            json.loads(self.process.stdout.read(*struct.unpack("=I", header))) if header else None
        )

    def leave(self) -> int:
        assert self.process.stdin is not None
        self.process.stdin.close()
        return self.process.wait(timeout=20)


@pytest.fixture
def tray(tmp_path: Path) -> Path:
    directory = write_tray(tmp_path)
    (directory / "state.json").write_text('{"inserted": "doctor", "tries": {}}')
    (directory / "pin").write_text("1234")
    return directory


@contextmanager
def started(tray: Path, *, caller: tuple[str, ...] = (CALLER,)) -> Iterator[Browser]:
    """The host as a browser starts it: from anywhere, with a foreign environment."""
    process = subprocess.Popen(
        [
            *STARTER,
            *("native", "--sandbox", str(tray), "--pin-file", str(tray / "pin")),
            *("--origin", ORIGIN, *caller),
        ],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "/nowhere", "HOME": str(tray)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Browser(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


def test_a_login_over_the_pipes_is_the_same_as_over_the_socket(tray: Path) -> None:
    with started(tray) as browser:
        browser.say(HELLO)
        assert browser.hear() == STATUS
        browser.say({"type": "authenticate", "challenge": CHALLENGE})
        assert browser.hear() == {"type": "progress", "state": "pin", "code": "0132"}
        answer = browser.hear()
        assert answer["type"] == "token"
        assert verified(answer["token"])
        # Refusals are those of the one parser.
        browser.say({"type": "authenticate", "challenge": "short"})
        assert browser.hear() == {"type": "error", "code": "BAD_CHALLENGE"}
        # The origin is said once, and for all.
        browser.say({"type": "hello", "origin": "https://evil.example"})
        assert browser.hear() == {"type": "error", "code": "UNKNOWN_MESSAGE"}
        assert browser.leave() == 0


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"type": "hello", "origin": "https://idp.example.evil.test"}, "ORIGIN_REFUSED"),
        ({"type": "hello", "origin": "null"}, "ORIGIN_REFUSED"),
        ({"type": "hello", "origin": None}, "BAD_MESSAGE"),
        ({"type": "hello", "origin": ORIGIN, "more": 1}, "BAD_MESSAGE"),
        ({"type": "authenticate", "challenge": CHALLENGE}, "UNKNOWN_MESSAGE"),
        ([HELLO], "BAD_MESSAGE"),
    ],
)
def test_another_beginning_than_an_allowed_origin_ends_the_program(
    tray: Path, hello: Any, code: str
) -> None:
    with started(tray) as browser:
        browser.say(hello)
        assert browser.hear() == {"type": "error", "code": code}
        assert browser.hear() is None
        assert browser.process.wait(timeout=20) == 0


def test_a_frame_beyond_the_limit_ends_the_program_unread(tray: Path) -> None:
    with started(tray) as browser:
        browser.say(HELLO)
        assert browser.hear() == STATUS
        browser.say_raw(struct.pack("=I", 4097))
        assert browser.hear() is None
        assert browser.process.wait(timeout=20) == 0


def test_another_extension_starts_nothing(tray: Path) -> None:
    stranger = "chrome-extension://" + "a" * 32 + "/"
    with started(tray, caller=(stranger,)) as browser:
        assert browser.hear() is None
        assert browser.process.wait(timeout=20) == 1


def test_the_caller_is_judged_as_each_browser_names_it() -> None:
    firefox = ("/home/a/.mozilla/native-messaging-hosts/x.json", FIREFOX_EXTENSION)
    assert is_our_extension((CALLER,), extensions=())
    assert is_our_extension(firefox, extensions=())
    assert not is_our_extension((), extensions=())
    assert not is_our_extension(("x", "y", CALLER), extensions=())
    published = "b" * 32
    assert not is_our_extension((f"chrome-extension://{published}/",), extensions=())
    assert is_our_extension((f"chrome-extension://{published}/",), extensions=(published,))


def test_root_is_refused_outside_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cps_bridge.commands.account.os.geteuid", lambda: 0)
    with pytest.raises(SetupError, match="root"):
        command.native(Config(origins=(ORIGIN,)), caller=(CALLER,), directory=None, pin_file=None)


class SlowPrompt:
    """A window that takes its time to close once its page has left."""

    def __init__(self) -> None:
        self.is_open = threading.Event()
        self.is_closed = False

    def ask(self, _request: PinRequest, watch: Watch) -> PinAnswer:
        self.is_open.set()
        try:
            while True:
                watch.pause()
        finally:
            self.is_closed = True

    def announce(self, request: PinRequest, watch: Watch) -> AbstractContextManager[None]:
        pytest.fail("this reader has no pad: the window asks")


async def test_a_page_that_leaves_closes_the_pin_window_before_the_program_ends(
    module: Middleware,
) -> None:
    prompt = SlowPrompt()
    read_end, write_end = os.pipe()
    desk = Desk(reader=reader_over(module), prompt=prompt, limits=Limits(insert=5, pin=60))
    with os.fdopen(read_end, "rb", buffering=0) as incoming, os.fdopen(write_end, "wb") as browser:
        pipes = Pipes(incoming=incoming, outgoing=io.BytesIO())
        serving = asyncio.create_task(serve_browser(pipes, desk=desk, origins=[ORIGIN]))
        for message in (HELLO, {"type": "authenticate", "challenge": CHALLENGE}):
            write_frame(browser, message)
        await asyncio.to_thread(prompt.is_open.wait, 10)
        assert not prompt.is_closed
        browser.close()
        await asyncio.wait_for(serving, 10)
    assert prompt.is_closed


@pytest.mark.parametrize(
    "content", [b"\1", struct.pack("=I", 5) + b"abc", framed(b"\xff"), struct.pack("=I", 2**32 - 1)]
)
def test_what_is_no_frame_is_refused(content: bytes) -> None:
    with pytest.raises(FrameError):
        read_frame(io.BytesIO(content))


@given(st.text(max_size=1000))
def test_a_frame_is_read_as_it_was_written(text: str) -> None:
    stream = io.BytesIO()
    write_frame(stream, {"text": text})
    stream.seek(0)
    frame = read_frame(stream)
    assert frame is not None
    assert json.loads(frame) == {"text": text}
    assert read_frame(stream) is None


@given(st.binary(max_size=5000))
def test_no_bytes_make_the_reader_fail_otherwise_than_by_refusing(content: bytes) -> None:
    try:
        frame = read_frame(io.BytesIO(content))
    except FrameError:
        return
    assert frame is None or len(frame.encode()) <= 4096


def test_the_browser_s_program_loads_nothing_that_speaks_on_the_network() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import cps_bridge.commands.native, sys; print(*sys.modules)"],
        env=os.environ | {"PYTHONPATH": str(Path(command.__file__).parents[2])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"aiohttp", "http.client", "urllib.request"}.isdisjoint(found.stdout.split())


def test_the_extension_s_id_is_the_one_that_its_key_gives() -> None:
    manifest = json.loads((EXTENSION / "manifest.json").read_text())
    digest = hashlib.sha256(base64.b64decode(manifest["key"])).hexdigest()[:32]
    assert "".join(chr(ord("a") + int(digit, 16)) for digit in digest) == CHROMIUM_EXTENSION
    assert manifest["browser_specific_settings"]["gecko"]["id"] == FIREFOX_EXTENSION
    assert f'"{HOST_NAME}"' in (EXTENSION / "background.js").read_text()


def test_the_extension_asks_for_nothing_but_its_program() -> None:
    manifest = json.loads((EXTENSION / "manifest.json").read_text())
    assert manifest["manifest_version"] == 3
    assert manifest["permissions"] == ["nativeMessaging"]
    assert {"host_permissions", "optional_permissions", "externally_connectable"}.isdisjoint(
        manifest
    )
    (script,) = manifest["content_scripts"]
    assert script["all_frames"] is False
