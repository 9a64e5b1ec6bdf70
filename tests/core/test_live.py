"""Wake-ups: after the commit, once for a transaction, none of what was rolled back."""

import asyncio
import time
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from idp.core import live, own_loop

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(live, "_send", calls.append)
    return calls


def test_one_transaction_wakes_once_each_group_once(sent: list[tuple[str, ...]]) -> None:
    with transaction.atomic():
        live.wake("a.1", "b.1")
        live.wake("b.1", "c.1")
        assert sent == []
    assert sent == [("a.1", "b.1", "c.1")]


def test_without_a_transaction_it_wakes_at_once(sent: list[tuple[str, ...]]) -> None:
    live.wake("a.1")
    live.wake("b.1")
    assert sent == [("a.1",), ("b.1",)]


def test_nothing_is_woken_by_what_was_rolled_back(sent: list[tuple[str, ...]]) -> None:
    with transaction.atomic():
        live.wake("a.1")
        transaction.set_rollback(True)
    assert sent == []


def test_a_savepoint_takes_its_own_wake_ups_with_it_and_no_others(
    sent: list[tuple[str, ...]],
) -> None:
    with transaction.atomic():
        live.wake("before.1")
        with transaction.atomic():
            live.wake("lost.1")
            transaction.set_rollback(True)
        live.wake("after.1")
    assert [group for groups in sent for group in groups] == ["before.1", "after.1"]


def test_wake_ups_outside_a_server_share_one_loop() -> None:
    seen = []

    async def look() -> None:
        seen.append(asyncio.get_running_loop())

    own_loop.run(look(), seconds=5)
    own_loop.run(look(), seconds=5)
    assert seen[0] is seen[1]


def test_under_a_server_the_work_is_done_in_its_loop() -> None:
    seen: list[Any] = []

    async def look() -> None:
        seen.append(asyncio.get_running_loop())

    async def serve() -> None:
        seen.append(asyncio.get_running_loop())
        await sync_to_async(lambda: own_loop.run(look(), seconds=5))()

    asyncio.run(serve())
    assert seen[0] is seen[1]


class SlowLayer:
    """One whose Redis never answers."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await asyncio.sleep(60)


def test_a_wake_up_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "get_channel_layer", SlowLayer)
    monkeypatch.setattr(live, "SEND_SECONDS", 0.05)
    began = time.monotonic()
    live.wake("attempt.x")
    assert time.monotonic() - began < 30
