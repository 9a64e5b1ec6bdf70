"""Sends the messages that are due. Any number of workers, killed at any time, lose none.

claim (lease) → message → POST, several at once → settle: delivered, again later, failed, given up.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.core.errors import IdpError
from idp.core.outbound import send
from idp.oidc.flows import ciba_ping, logout_tokens
from idp.oidc.flows.deliveries import Message
from idp.oidc.models import Delivery
from idp.oidc.rules.delivery import DeliveryKind, DeliveryState, verdict, wait_after

# How each kind of message is made when it is sent; None: nobody wants it any more.
MESSAGES: Final[Mapping[str, Callable[[Delivery], Message | None]]] = MappingProxyType(
    {
        DeliveryKind.BACKCHANNEL_LOGOUT: logout_tokens.message_of,
        DeliveryKind.CIBA_PING: ciba_ping.message_of,
    }
)
BATCH = 16
AT_ONCE = 8
SECONDS = 5.0
MAX_BYTES = 16 * 1024
# How long other messages to a portal that does not answer wait: it must not hold up the rest.
SPARED = timedelta(seconds=30)
# Longer than a batch may take: BATCH / AT_ONCE × SECONDS, and as much again.
LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one try."""

    state: DeliveryState
    error: str = ""


def deliver_due() -> int:
    """What is due, for a few seconds; returns how many messages were tried. A worker's job."""
    until, tried = time.monotonic() + SECONDS, 0
    while batch := _deliver_batch():
        tried += batch
        if time.monotonic() >= until:
            break
    return tried


def _deliver_batch() -> int:
    now = clock.now()
    due = Delivery.objects.select_related("client").filter(
        state=DeliveryState.PENDING, next_attempt__lte=now
    )
    mine = [
        delivery
        for delivery in due.order_by("next_attempt")[:BATCH]
        if delivery.claim(now=now, lease_until=now + LEASE)
    ]
    if not mine:
        return 0
    messages = [_message_of(delivery) for delivery in mine]
    # Threads wait for the network only: none of them has a database connection.
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        results = list(threads.map(_post, mine, messages))
    for delivery, result in zip(mine, results, strict=True):
        _settle(delivery, result)
    return len(mine)


def _message_of(delivery: Delivery) -> Message | None:
    if not delivery.client.is_enabled or delivery.kind not in MESSAGES:
        return None
    return MESSAGES[delivery.kind](delivery)


def _post(delivery: Delivery, message: Message | None) -> Result:
    if message is None:
        return Result(state=DeliveryState.FAILED, error="nothing to send any more")
    try:
        answer = send(
            url=delivery.target,
            method="POST",
            headers=message.headers,
            content=message.content,
            max_bytes=MAX_BYTES,
            seconds=SECONDS,
        )
    except IdpError as error:
        return Result(state=DeliveryState.PENDING, error=error.detail)
    state = verdict(answer.status)
    return Result(
        state=state, error="" if state is DeliveryState.DELIVERED else f"HTTP {answer.status}"
    )


def _settle(delivery: Delivery, result: Result) -> None:
    state, changes = result.state, {"last_error": result.error[:200]}
    if state is DeliveryState.PENDING:
        wait = wait_after(delivery.attempts)
        _spare(delivery)
        following = clock.now() + wait if wait else None
        if following is not None and following < delivery.give_up_at:
            delivery.settle(next_attempt=following, **changes)
            return
        state = DeliveryState.GIVEN_UP
    if delivery.settle(state=state, **changes) and state is not DeliveryState.DELIVERED:
        _audit(delivery, state, result.error)


def _spare(delivery: Delivery) -> None:
    """Its portal is in trouble: what else is due to it waits a little."""
    later = clock.now() + SPARED
    Delivery.objects.filter(
        client_id=delivery.client_id, state=DeliveryState.PENDING, next_attempt__lt=later
    ).exclude(pk=delivery.pk).update(next_attempt=later)


def _audit(delivery: Delivery, state: DeliveryState, error: str) -> None:
    record(
        event="delivery",
        outcome=Outcome.REFUSED,
        client_id=delivery.client.client_id,
        data={
            "delivery": str(delivery.pk),
            "kind": delivery.kind,
            "target": delivery.target[:500],
            "code": str(state),
            "attempts": delivery.attempts,
            "detail": error[:200],
        },
    )
