"""Asking for a PIN outside a page: the window's process, pinentry, the terminal, a file."""

import json
import os
import pty
import sys
import termios
import threading
import time
from pathlib import Path

import pytest
from cps_bridge.errors import BridgeError, Code, SetupError
from cps_bridge.prompts import PinAnswer, PinRequest, choice, is_pin, terminal, window
from cps_bridge.prompts.pin_file import PinFilePrompt
from cps_bridge.prompts.pinentry import PinentryPrompt
from cps_bridge.prompts.terminal import TerminalPrompt
from cps_bridge.prompts.window import WindowPrompt
from cps_bridge.prompts.wording import LAST_TRY
from cps_bridge.reader import Tries
from cps_bridge.watch import Watch


def request(tries: Tries = Tries.FULL, notice: str = "") -> PinRequest:
    return PinRequest(
        origin="https://idp.example",
        code="0132",
        tries=tries,
        notice=notice,
        holder="Camille LEFÈVRE",
    )


def watch(cancelled: threading.Event | None = None, seconds: float = 10) -> Watch:
    return Watch(cancelled=cancelled or threading.Event(), seconds=seconds)


@pytest.mark.parametrize("text", ["1234", "12345678"])
def test_4_to_8_digits_may_be_sent(text: str) -> None:
    assert is_pin(text)


@pytest.mark.parametrize("text", ["", "123", "123456789", "12a4", "１２３４", "1234\n", " 1234"])
def test_nothing_else_may_be_sent(text: str) -> None:
    assert not is_pin(text)


def test_a_pin_is_not_in_the_repr_of_an_answer() -> None:
    assert "4321" not in repr(PinAnswer(pin="4321"))


def window_that(monkeypatch: pytest.MonkeyPatch, code: str) -> WindowPrompt:
    monkeypatch.setattr(window, "COMMAND", (sys.executable, "-c", code))
    return WindowPrompt()


def test_the_window_is_told_who_asks_and_answers_with_the_pin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prompt = window_that(
        monkeypatch,
        "import json, sys; r = json.load(sys.stdin)\n"
        "assert r['origin'] == 'https://idp.example' and r['code'] == '0132'\n"
        "assert r['holder'] == 'Carte de Camille LEFÈVRE.'\n"
        "assert 'dernier essai' in r['warning'] and r['confirm'] and r['entry']\n"
        "print(json.dumps({'pin': '1234', 'confirmed': True}))",
    )
    answer = prompt.ask(request(Tries.FINAL), watch())
    assert answer == PinAnswer(pin="1234", confirmed_last_try=True)


def test_a_closed_window_is_a_cancellation(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BridgeError) as refused:
        window_that(monkeypatch, "").ask(request(), watch())
    assert refused.value.code is Code.USER_CANCELLED


def test_closing_the_page_closes_the_window(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    mark = tmp_path / "pid"
    prompt = window_that(
        monkeypatch,
        "import os, pathlib, time, sys; "
        f"pathlib.Path({str(mark)!r}).write_text(str(os.getpid())); time.sleep(60)",
    )
    cancelled = threading.Event()

    def close_once_shown() -> None:
        _wait_for(mark)
        cancelled.set()

    threading.Thread(target=close_once_shown).start()
    with pytest.raises(BridgeError):
        prompt.ask(request(), watch(cancelled))
    with pytest.raises(ProcessLookupError):
        os.kill(int(mark.read_text()), 0)


def test_the_window_beside_a_pad_closes_with_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = window_that(monkeypatch, "import time; time.sleep(60)")
    start = time.monotonic()
    with prompt.announce(request(), watch()):
        pass
    assert time.monotonic() - start < 10


def test_a_last_try_on_a_pad_is_confirmed_first(monkeypatch: pytest.MonkeyPatch) -> None:
    prompt = window_that(monkeypatch, "")
    with pytest.raises(BridgeError), prompt.announce(request(Tries.FINAL), watch()):
        pytest.fail("announced without consent")


def pinentry(directory: Path, *answers: str) -> PinentryPrompt:
    """A pinentry that prints `answers` and keeps what it was told."""
    script = directory / "pinentry"
    lines = "\\n".join(answers)
    script.write_text(f'#!/bin/sh\ncat >> "{directory}/told"\nprintf "{lines}\\n"\n')
    script.chmod(0o755)
    return PinentryPrompt(str(script))


def test_pinentry_answers_with_its_data_line(tmp_path: Path) -> None:
    answer = pinentry(tmp_path, "OK", "D 1234", "OK").ask(request(), watch())
    told = (tmp_path / "told").read_text()
    assert answer.pin == "1234"
    assert "https://idp.example" in told
    assert "0132" in told
    assert told.endswith("GETPIN\nBYE\n")


def test_pinentry_cancelled_is_a_cancellation(tmp_path: Path) -> None:
    with pytest.raises(BridgeError) as refused:
        pinentry(tmp_path, "OK", "ERR 83886179 cancelled").ask(request(), watch())
    assert refused.value.code is Code.USER_CANCELLED


def test_pinentry_confirms_the_last_try_before_asking(tmp_path: Path) -> None:
    answer = pinentry(tmp_path, "D 1234", "OK").ask(request(Tries.FINAL), watch())
    told = (tmp_path / "told").read_text()
    assert answer.confirmed_last_try
    assert told.index("CONFIRM") < told.index("GETPIN")
    with pytest.raises(BridgeError):
        pinentry(tmp_path, "ERR 83886179 cancelled").ask(request(Tries.FINAL), watch())


class Terminal:
    """A person at a pseudo-terminal, who types each line once its question is on the screen."""

    def __init__(self, *dialogue: tuple[str, str]) -> None:
        self.person, self.screen = pty.openpty()
        self.seen = ""
        self._dialogue = dialogue
        self._thread = threading.Thread(target=self._type)

    def ask(self, tries: Tries = Tries.FULL) -> PinAnswer:
        self._thread.start()
        try:
            return TerminalPrompt(path=os.ttyname(self.screen)).ask(request(tries), watch())
        finally:
            self._thread.join(5)

    def _echoes(self) -> bool:
        flags: int = termios.tcgetattr(self.screen)[3]
        return bool(flags & termios.ECHO)

    def _type(self) -> None:
        for question, line in self._dialogue:
            while question not in self.seen:
                self.seen += os.read(self.person, 4096).decode()
            # The echo is switched off just after the question, and what was typed before is lost.
            while question.startswith("annuler") and self._echoes():
                time.sleep(0.01)
            os.write(self.person, f"{line}\n".encode())


def test_the_terminal_shows_who_asks_and_hides_the_pin() -> None:
    typed = Terminal(("annuler) : ", "1234"))
    assert typed.ask().pin == "1234"
    assert "https://idp.example" in typed.seen
    assert "0132" in typed.seen
    assert "1234" not in typed.seen


def test_the_terminal_wants_a_yes_for_the_last_try() -> None:
    typed = Terminal(("dernier essai : ", "oui"), ("annuler) : ", "1234"))
    assert typed.ask(Tries.FINAL).confirmed_last_try
    assert LAST_TRY.split(".")[0] in typed.seen
    with pytest.raises(BridgeError):
        Terminal(("dernier essai : ", "non")).ask(Tries.FINAL)


def test_an_empty_line_in_the_terminal_cancels() -> None:
    with pytest.raises(BridgeError) as refused:
        Terminal(("annuler) : ", "")).ask()
    assert refused.value.code is Code.USER_CANCELLED


def test_closing_the_page_gives_the_terminal_back() -> None:
    cancelled = threading.Event()
    cancelled.set()
    _person, screen = pty.openpty()
    with pytest.raises(BridgeError):
        TerminalPrompt(path=os.ttyname(screen)).ask(request(), watch(cancelled))


@pytest.mark.parametrize("content", ["", "12", "code", "é"])
def test_a_pin_file_without_a_pin_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "pin"
    path.write_text(content)
    with pytest.raises(BridgeError):
        PinFilePrompt(path).ask(request(), watch())


def test_time_that_runs_out_ends_the_wait() -> None:
    with pytest.raises(BridgeError) as refused:
        watch(seconds=0).check()
    assert refused.value.code is Code.TIMEOUT


def test_without_screen_or_terminal_the_bridge_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "is_available", lambda: False)
    monkeypatch.setattr(terminal, "is_available", lambda: False)
    monkeypatch.setattr(choice, "find_pinentry", lambda: None)
    with pytest.raises(SetupError, match="pinentry"):
        choice.choose_prompt()


def test_a_window_is_preferred_to_pinentry_and_to_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(window, "is_available", lambda: True)
    assert isinstance(choice.choose_prompt(), WindowPrompt)
    monkeypatch.setattr(window, "is_available", lambda: False)
    monkeypatch.setattr(choice, "find_pinentry", lambda: "/usr/bin/pinentry")
    assert isinstance(choice.choose_prompt(), PinentryPrompt)


def test_the_window_process_stands_alone() -> None:
    source = Path(window.SCRIPT).read_text("utf-8")
    assert "cps_bridge" not in source.split('"""', 2)[2].replace("cps-bridge", "")
    assert json.loads(window._described(request(), entry=True, closable=True))["entry"] is True


def _wait_for(path: Path) -> None:
    while not (path.exists() and path.read_text()):
        time.sleep(0.01)
