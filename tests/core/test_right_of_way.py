"""Heavy work stands still while people are served, and neither side ever fails for it."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client

from idp.core import right_of_way, serving
from idp.core.right_of_way import (
    ANSWERING,
    BETWEEN,
    LONGEST,
    OWN_SHARE,
    Server,
    Work,
    file_of,
    server_at,
)
from idp.core.serving import Serving

MS = 1_000_000


class Clock:
    """The module's `time`: a sleep passes at once, and what was to happen by then has happened."""

    def __init__(self) -> None:
        self.now = 10**15
        self.slept = 0
        self.due: list[tuple[int, Callable[[], object]]] = []

    def monotonic_ns(self) -> int:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept += round(seconds * 1e9)
        self.pass_(round(seconds * 1e9))

    def pass_(self, nanoseconds: int) -> None:
        until = self.now + nanoseconds
        while self.due and self.due[0][0] <= until:
            self.now, happens = self.due.pop(0)
            happens()
        self.now = until

    def after(self, nanoseconds: int, happens: Callable[[], object]) -> None:
        self.due.append((self.now + nanoseconds, happens))
        self.due.sort(key=lambda each: each[0])


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(right_of_way, "time", clock)
    return clock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "right-of-way"


def test_nobody_is_waited_for_when_nobody_is_served(clock: Clock, path: Path) -> None:
    Work(path).give()
    assert clock.slept == 0


def test_work_stands_still_until_the_answer_and_a_moment_more(clock: Clock, path: Path) -> None:
    server, work = Server(path), Work(path)
    taken = server.take()
    clock.after(20 * MS, lambda: server.leave(taken))
    work.give()
    assert 20 * MS + BETWEEN <= clock.slept <= 20 * MS + BETWEEN + 3 * MS


def test_the_requests_of_one_login_are_one(clock: Clock, path: Path) -> None:
    server, work = Server(path), Work(path)
    taken = [server.take()]
    for number in range(6):
        clock.after((number * 8 + 5) * MS, lambda: server.leave(taken[-1]))
        clock.after((number * 8 + 8) * MS, lambda: taken.append(server.take()))
    clock.after(55 * MS, lambda: server.leave(taken[-1]))
    work.give()
    assert 55 * MS <= clock.slept <= 55 * MS + BETWEEN + 3 * MS


def test_an_answer_does_not_end_it_for_a_later_request(clock: Clock, path: Path) -> None:
    server, other, work = Server(path), Server(path), Work(path)
    first = server.take()
    clock.pass_(MS)
    later = other.take()
    clock.after(MS, lambda: server.leave(first))
    clock.after(40 * MS, lambda: other.leave(later))
    work.give()
    assert 40 * MS + BETWEEN <= clock.slept <= 40 * MS + BETWEEN + 3 * MS


def test_one_that_begins_while_work_looks_is_seen(
    clock: Clock, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, work = Server(path), Work(path)
    server.leave(server.take())
    read = os.pread

    def read_late(*given: int) -> bytes:
        # As when a login wakes up right before.
        monkeypatch.setattr(os, "pread", read)
        clock.now += 1000
        server.take()
        return read(*given)

    monkeypatch.setattr(os, "pread", read_late)
    work.give()
    assert clock.slept >= ANSWERING


def test_who_serves_later_than_work_began_is_seen(clock: Clock, path: Path) -> None:
    work = Work(path)
    work.give()
    Server(path).take()
    work.give()
    assert clock.slept >= ANSWERING


def test_a_process_opens_the_file_once(path: Path) -> None:
    assert server_at(path) is server_at(path)


def test_a_request_that_takes_long_or_never_ends_shares(clock: Clock, path: Path) -> None:
    server, work = Server(path), Work(path)
    server.take()
    work.give()
    assert ANSWERING <= clock.slept <= ANSWERING + 3 * MS


def test_work_is_never_starved(clock: Clock, path: Path) -> None:
    server, work = Server(path), Work(path)
    for number in range(5000):
        clock.after(number * 2 * MS, server.take)
    began = clock.now
    while clock.now - began < 10_000 * MS:
        work.give()
        clock.pass_(MS)
    own = clock.now - began - clock.slept
    assert own >= (clock.now - began) // (OWN_SHARE + 1) * 95 // 100
    # Nor are those who are served kept waiting by it for most of the time.
    assert clock.slept >= (clock.now - began) // 2


def test_work_goes_on_after_the_longest_pause(clock: Clock, path: Path) -> None:
    server, work = Server(path), Work(path)
    for number in range(200):
        clock.after(number * 2 * MS, server.take)
    clock.pass_(MS)
    work.give()
    assert LONGEST <= clock.slept <= LONGEST + 3 * MS
    slept = clock.slept
    work.give()
    assert clock.slept == slept


@pytest.mark.parametrize(
    "content",
    [b"", b"\x01", bytes(8), b"\xff" * 8, b"\xff" * 4096, (10**15 + ANSWERING + MS).to_bytes(8)],
    ids=["empty", "short", "never", "end of time", "long", "another machine"],
)
def test_a_file_that_says_no_moment_of_this_machine_holds_nobody_up(
    clock: Clock, path: Path, content: bytes
) -> None:
    path.write_bytes(content)
    Work(path).give()
    assert clock.slept == 0


def a_missing_folder(path: Path) -> Path:
    return path / "nowhere" / "right-of-way"


def a_link(path: Path) -> Path:
    path.symlink_to(path.parent / "elsewhere")
    return path


def a_second_name(path: Path) -> Path:
    path.hardlink_to(path.parent / "elsewhere")
    return path


def a_pipe(path: Path) -> Path:
    os.mkfifo(path)
    return path


def a_folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize("made", [a_missing_folder, a_link, a_second_name, a_pipe, a_folder])
def test_what_is_no_such_file_is_left_alone_and_holds_nobody_up(
    clock: Clock, path: Path, made: Callable[[Path], Path]
) -> None:
    elsewhere = path.parent / "elsewhere"
    elsewhere.write_bytes(b"of others")
    found = made(path)
    server, work = Server(found), Work(found)
    taken = server.take()
    work.give()
    server.leave(taken)
    assert clock.slept == 0
    assert elsewhere.read_bytes() == b"of others"


def test_somebody_elses_file_is_left_alone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"of others")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    Server(path).take()
    assert path.read_bytes() == b"of others"


def test_a_full_disk_refuses_nobody(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    server = Server(path)
    monkeypatch.setattr(os, "pwrite", full)
    server.leave(server.take())


def test_whoever_serves_makes_the_file_for_itself(path: Path) -> None:
    # Work may be another user's, and come first.
    Work(path)
    assert not path.exists()
    Server(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_those_meet_who_have_a_folder_in_common(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    met = file_of(tmp_path / "data")
    assert file_of(tmp_path / "link") == met != file_of(tmp_path / "other")


def test_without_memory_to_keep_files_in_they_meet_in_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(right_of_way, "_MEMORY", tmp_path / "nowhere")
    assert file_of(tmp_path / "unasked").parent == tmp_path / "unasked"


class Seen:
    """What a server says, in order."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.is_heard = True

    def take(self) -> int:
        self.said.append("take")
        return 7

    def leave(self, taken: int) -> None:
        assert taken == 7
        self.said.append("leave")


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    seen = Seen()
    monkeypatch.setattr(serving, "server_at", lambda _: seen)
    return seen


def test_a_request_has_it_from_beginning_to_end(seen: Seen) -> None:
    def view(_: HttpRequest) -> HttpResponse:
        seen.said.append("view")
        return HttpResponse("seen")

    assert Serving(view)(HttpRequest()).content == b"seen"  # type: ignore[union-attr]
    assert seen.said == ["take", "view", "leave"]


def test_whoever_runs_it_is_told_where_work_cannot_know(
    seen: Seen, caplog: pytest.LogCaptureFixture
) -> None:
    Serving(lambda _: HttpResponse())
    assert "right_of_way_unknown" not in caplog.text
    seen.is_heard = False
    Serving(lambda _: HttpResponse())
    assert "right_of_way_unknown" in caplog.text


def test_only_who_can_write_is_heard(path: Path) -> None:
    assert Server(path).is_heard
    assert not Server(path / "below a file").is_heard


def test_one_that_fails_leaves_it(seen: Seen) -> None:
    def view(_: HttpRequest) -> HttpResponse:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        Serving(view)(HttpRequest())
    assert seen.said == ["take", "leave"]


@pytest.mark.parametrize("fails", [False, True])
def test_so_does_one_of_an_event_loop(seen: Seen, fails: bool) -> None:
    async def view(_: HttpRequest) -> HttpResponse:
        seen.said.append("view")
        if fails:
            raise RuntimeError
        return HttpResponse("seen")

    async def answer() -> Any:
        return await Serving(view)(HttpRequest())  # type: ignore[misc]

    try:
        assert asyncio.run(answer()).content == b"seen"
    except RuntimeError:
        assert fails
    assert seen.said == ["take", "view", "leave"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/aide", "/nowhere", "/auth/realms/esante-wallet/protocol/openid-connect/certs"]
)
def test_whatever_is_asked_for_has_it(client: Client, path: str) -> None:
    assert settings.MIDDLEWARE[0] == f"{Serving.__module__}.{Serving.__name__}"
    file = file_of(settings.HYGIE.data_dir)
    before = int.from_bytes(file.read_bytes()) if file.exists() else 0
    client.get(path)
    assert int.from_bytes(file.read_bytes()) > before
