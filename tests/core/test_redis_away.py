"""Redis holds only what may be lost: without it, people still log in."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from redis.exceptions import ConnectionError as RedisAway

from idp.core import live, throttle
from idp.core.errors import IdpError


class AwayLayer:
    """A channel layer whose Redis does not answer."""

    async def new_channel(self) -> str:
        return "channel"

    async def group_add(self, group: str, channel: str) -> None:
        raise RedisAway

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        raise RedisAway

    async def receive(self, channel: str) -> dict[str, Any]:
        raise RedisAway

    async def group_discard(self, group: str, channel: str) -> None:
        raise RedisAway


class LostLayer(AwayLayer):
    """One whose Redis goes away while a page waits."""

    async def group_add(self, group: str, channel: str) -> None:
        return None


@pytest.fixture
def _away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "get_channel_layer", AwayLayer)


def test_a_rate_window_that_cannot_be_kept_lets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise RedisAway

    monkeypatch.setattr(type(caches["default"]), "add", away)
    for _ in range(3):
        throttle.hit("test", "key", limit=1, window=timedelta(minutes=1))
    # But where the window is all that protects others.
    with pytest.raises(IdpError, match="temporarily_unavailable") as refused:
        throttle.hit("test", "key", limit=1, window=timedelta(minutes=1), passes_uncounted=False)
    assert refused.value.status == 503


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_away")
def test_a_wake_up_that_cannot_be_sent_breaks_nothing_that_is_committed() -> None:
    live.wake("attempt.x")


@pytest.mark.parametrize("layer", [AwayLayer, LostLayer])
def test_a_waiting_page_looks_by_itself(monkeypatch: pytest.MonkeyPatch, layer: Any) -> None:
    monkeypatch.setattr(live, "get_channel_layer", layer)
    monkeypatch.setattr(live, "LOOK_AGAIN_SECONDS", 0)
    states = iter([{"state": "open"}, {"state": "open"}, {"state": "proven"}])

    def snapshot() -> dict[str, Any]:
        return next(states)

    async def seen() -> list[str]:
        stream = live._events("attempt.x", snapshot, lambda state: state["state"] == "proven")
        return [event async for event in stream if event.startswith("data:")]

    assert asyncio.run(seen()) == [
        'data: {"state": "open"}\n\n',
        'data: {"state": "proven"}\n\n',
    ]
