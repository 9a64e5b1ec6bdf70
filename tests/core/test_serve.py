"""`manage.py serve`: what it refuses to start."""

import os
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command

from idp.core.management.commands import serve

pytestmark = pytest.mark.django_db


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have replaced this process."""
    commands: list[list[str]] = []

    def note(_path: str, command: list[str]) -> None:
        commands.append(command)

    monkeypatch.setattr(os, "execv", note)
    monkeypatch.setattr(serve, "collect", lambda: None)
    return commands


@pytest.mark.parametrize(
    ("kind", "workers"), [("web", 1), ("web", 2), ("live", 1), ("live", 2), ("all", 2)]
)
def test_several_processes_need_redis(
    started: list[list[str]], settings: LazySettings, kind: str, workers: int
) -> None:
    settings.REDIS_URL = ""
    with pytest.raises(CommandError, match="REDIS_URL"):
        call_command("serve", kind, workers=workers)
    assert started == []


@pytest.mark.parametrize(
    ("kind", "redis"), [("all", ""), ("web", "redis://cache"), ("live", "redis://cache")]
)
def test_one_process_needs_none(
    started: list[list[str]], settings: LazySettings, kind: str, redis: str
) -> None:
    settings.REDIS_URL = redis
    call_command("serve", kind, workers=1)
    (command,) = started
    assert any(part.startswith("idp.") for part in command)


def test_a_live_server_takes_small_frames_only(
    started: list[list[str]], settings: LazySettings
) -> None:
    call_command("serve", "all", workers=1)
    (command,) = started
    size: Any = command[command.index("--ws-max-size") + 1]
    assert int(size) == serve.LARGEST_FRAME
