"""Live updates: a wake-up through the channel layer, the state always from the database.

Flows call `wake` in the transaction that changes the state; views answer `event_stream`.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from random import uniform
from typing import Any, Self

import structlog
from asgiref.sync import SyncToAsync
from channels.db import database_sync_to_async
from channels.layers import BaseChannelLayer, get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.db import close_old_connections, transaction
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from idp.core import own_loop
from idp.core.errors import IdpError

KEEP_ALIVE_SECONDS = 15
# Without wake-ups the state is looked at this often.
LOOK_AGAIN_SECONDS = 2
# What may be lost is not waited for longer. A TimeoutError is an OSError.
SEND_SECONDS = 2
UNREACHABLE = (RedisError, OSError)

log = structlog.get_logger()

Snapshot = Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A message every so many seconds besides the state; it must not ask the database."""

    seconds: float
    message: Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """How many streams at once `key` may hold in this process; beyond, the page asks instead."""

    key: str
    limit: int


_taken: Counter[str] = Counter()


def _layer() -> BaseChannelLayer:
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS has no default layer")
    return layer


def wake(*groups: str) -> None:
    """After commit, wakes every page and phone that listens to one of them. Carries no data.

    All groups of a transaction go at once: each crossing into an event loop costs more than what
    is sent.
    """
    connection = transaction.get_connection()
    pending = connection.run_on_commit
    if connection.in_atomic_block and pending:
        savepoints, call, _is_robust = pending[-1]
        # Of the same savepoints only: what is rolled back takes its wake-ups with it.
        if isinstance(call, _Wake) and savepoints == set(connection.savepoint_ids):
            call.groups.update(dict.fromkeys(groups))
            return
    transaction.on_commit(_Wake(dict.fromkeys(groups)))


@dataclass(slots=True)
class _Wake:
    """What is done after the commit; each group once, in order."""

    groups: dict[str, None]

    def __call__(self) -> None:
        _send(tuple(self.groups))


async def _wake_all(groups: tuple[str, ...]) -> None:
    for group in groups:
        await _layer().group_send(group, {"type": "wake"})


def _send(groups: tuple[str, ...]) -> None:
    try:
        own_loop.run(_wake_all(groups), seconds=SEND_SECONDS)
    except UNREACHABLE as error:
        # The state is committed; pages look again by themselves.
        log.error("wake_lost", error=type(error).__name__)


async def _events(
    group: str,
    snapshot: Snapshot,
    is_final: Callable[[dict[str, Any]], bool],
    tick: Tick | None = None,
) -> AsyncIterator[str]:
    # Gives the database connection back after each look: a page may wait for minutes, and as many
    # of them as the pool has connections would stop everything else.
    look = database_sync_to_async(snapshot, thread_sensitive=False)
    await _give_thread_back()
    last: dict[str, Any] | None = None
    async with _Bell.hung(group) as bell:
        while True:
            state = await look()
            if state != last:
                yield _message(state)
                last = state
            if is_final(state):
                return
            # Now and then without a wake-up too: time passes, and a wake-up may be lost.
            rounds = max(1, round(bell.patience / tick.seconds)) if tick else 1
            for _nth in range(rounds):
                if await bell.rings_within(tick.seconds if tick else bell.patience):
                    break
                yield _message(tick.message()) if tick else ": keep-alive\n\n"


async def _give_thread_back() -> None:
    """The request's own thread, which asgiref keeps until its answer has ended: 120 KiB a page.

    With its database connection: a thread that ends does not give it back. Whatever needs one
    later (Django closes the answer in one) gets another.
    """
    context = SyncToAsync.thread_sensitive_context.get(None)
    if context is None:
        return
    executor = SyncToAsync.context_to_thread_executor.pop(context, None)
    if executor is not None:
        await asyncio.get_running_loop().run_in_executor(executor, close_old_connections)
        executor.shutdown(wait=False)


@dataclass(slots=True)
class _Bell:
    """A place in a group of the channel layer; silent where the layer is away."""

    layer: BaseChannelLayer
    channel: str
    is_hung: bool
    # One question to the layer at a time, kept across pauses: to cancel it each second would cost
    # more than to wait.
    _ringing: asyncio.Task[Any] | None = None

    @classmethod
    @asynccontextmanager
    async def hung(cls, group: str) -> AsyncIterator[Self]:
        """Subscribed before the first look, so that nothing falls between look and wait."""
        layer = _layer()
        channel = await layer.new_channel()
        bell = cls(layer, channel, await _subscribe(layer, group, channel))
        try:
            yield bell
        finally:
            if bell._ringing is not None:
                bell._ringing.cancel()
            if bell.is_hung:
                with suppress(*UNREACHABLE):
                    await layer.group_discard(group, channel)

    @property
    def patience(self) -> float:
        """How long the state is believed without a ring, in seconds."""
        # Pages that were opened together do not all look again together.
        return KEEP_ALIVE_SECONDS * uniform(0.6, 1) if self.is_hung else LOOK_AGAIN_SECONDS  # noqa: S311 - no secret

    async def rings_within(self, seconds: float) -> bool:
        if not self.is_hung:
            await asyncio.sleep(seconds)
            return False
        if self._ringing is None:
            self._ringing = asyncio.ensure_future(self.layer.receive(self.channel))
        done, _waiting = await asyncio.wait({self._ringing}, timeout=seconds)
        if not done:
            return False
        ringing, self._ringing = self._ringing, None
        try:
            ringing.result()
        except UNREACHABLE:
            self.is_hung = False
            return False
        return True


def _message(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"


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
    tick: Tick | None = None,
    places: Places | None = None,
) -> StreamingHttpResponse:
    """Server-sent events: the present state first, then each change, until `is_final(state)`.

    Raises `too_many_streams` (429) where `places` are taken: a browser's EventSource gives up then.
    """
    events = _events(group, snapshot, is_final, tick)
    if places is not None:
        events = _in_place(events, places)
    response = StreamingHttpResponse(events, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


def _in_place(events: AsyncIterator[str], places: Places) -> AsyncIterator[str]:
    if _taken[places.key] >= places.limit:
        raise IdpError(
            "too_many_streams", _("Trop de pages attendent ici en même temps."), status=429
        )
    return _counted(events, places.key)


async def _counted(events: AsyncIterator[str], key: str) -> AsyncIterator[str]:
    # Counted while it runs: a stream that is never begun takes no place.
    _taken[key] += 1
    try:
        async for event in events:
            yield event
    finally:
        _taken[key] -= 1
        if _taken[key] <= 0:
            del _taken[key]
