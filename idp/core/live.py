"""Live updates: a wake-up through the channel layer, the state always from the database.

Flows call `wake` in the transaction that changes the state; views answer `event_stream`.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.db import database_sync_to_async
from channels.layers import BaseChannelLayer, get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.http import StreamingHttpResponse
from redis.exceptions import RedisError

KEEP_ALIVE_SECONDS = 15
# Without wake-ups the state is looked at this often.
LOOK_AGAIN_SECONDS = 2
UNREACHABLE = (RedisError, OSError)

log = structlog.get_logger()

Snapshot = Callable[[], dict[str, Any]]


def _layer() -> BaseChannelLayer:
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS has no default layer")
    return layer


def wake(group: str) -> None:
    """After commit, wakes every page and phone that listens to `group`. Carries no data."""
    transaction.on_commit(lambda: _send(group))


def _send(group: str) -> None:
    try:
        async_to_sync(_layer().group_send)(group, {"type": "wake"})
    except UNREACHABLE as error:
        # The state is committed; pages look again by themselves.
        log.error("wake_lost", error=type(error).__name__)


async def _events(
    group: str, snapshot: Snapshot, is_final: Callable[[dict[str, Any]], bool]
) -> AsyncIterator[str]:
    # Gives the database connection back after each look: a page may wait for minutes, and as many
    # of them as the pool has connections would stop everything else.
    look = database_sync_to_async(snapshot)
    layer = _layer()
    channel = await layer.new_channel()
    # Subscribe before the first look, so that nothing falls between look and wait.
    is_subscribed = await _subscribe(layer, group, channel)
    try:
        last: dict[str, Any] | None = None
        while True:
            state = await look()
            if state != last:
                yield f"data: {json.dumps(state)}\n\n"
                last = state
            if is_final(state):
                return
            try:
                if is_subscribed:
                    await asyncio.wait_for(layer.receive(channel), timeout=KEEP_ALIVE_SECONDS)
                else:
                    await asyncio.sleep(LOOK_AGAIN_SECONDS)
            except TimeoutError:
                yield ": keep-alive\n\n"
            except UNREACHABLE:
                is_subscribed = False
    finally:
        if is_subscribed:
            with suppress(*UNREACHABLE):
                await layer.group_discard(group, channel)


async def _subscribe(layer: BaseChannelLayer, group: str, channel: str) -> bool:
    """False where the layer is away: the caller looks by itself then."""
    try:
        await layer.group_add(group, channel)
    except UNREACHABLE as error:
        log.error("wake_lost", error=type(error).__name__)
        return False
    return True


def event_stream(
    *,
    group: str,
    snapshot: Snapshot,
    is_final: Callable[[dict[str, Any]], bool],
) -> StreamingHttpResponse:
    """Server-sent events: the present state first, then each change, until `is_final(state)`."""
    response = StreamingHttpResponse(
        _events(group, snapshot, is_final), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response
