"""Rings the phones that are due. Any number of workers, killed at any time, lose none.

new requests → rows; claim (lease) → encrypt → POST, several at once → settle, or unsubscribe.
"""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction

from idp.core import clock, vault
from idp.core.errors import IdpError
from idp.core.outbound import send
from idp.enrollment.flows.device_ends import life_of
from idp.enrollment.flows.push import KEY_PURPOSE, SUBSCRIPTION_PURPOSE, push_key, ring
from idp.enrollment.gateways.push import Subscription, authorization, encrypted
from idp.enrollment.models import ApprovalRequest, PushDelivery, PushSubscription
from idp.enrollment.rules.device_life import Ending
from idp.enrollment.rules.push import (
    LASTING,
    LONGEST_TTL,
    PushKind,
    PushState,
    is_allowed_endpoint,
    payload,
    topic,
    verdict,
    wait_after,
)
from idp.enrollment.rules.states import OPEN_REQUESTS, DeviceState

log = structlog.get_logger()
BATCH = 32
AT_ONCE = 16
SECONDS = 4.0
MAX_BYTES = 16 * 1024
# Longer than a batch may take: BATCH / AT_ONCE × SECONDS, and as much again.
LEASE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is POSTed. Never printed: it says where a phone is rung."""

    endpoint: str
    headers: Mapping[str, str]
    body: bytes

    def __repr__(self) -> str:
        return "Message(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one try."""

    state: PushState
    error: str = ""


def ring_due() -> int:
    """A worker's job: queues rings of new requests, rings what is due; returns how many."""
    _queue_requests()
    now = clock.now()
    due = PushDelivery.objects.select_related("device").filter(
        state=PushState.PENDING, next_attempt__lte=now
    )
    mine = [
        delivery
        for delivery in due.order_by("next_attempt")[:BATCH]
        if delivery.claim(now=now, lease_until=now + LEASE)
    ]
    if not mine:
        return 0
    private_key = vault.unseal(push_key().sealed_private_key, purpose=KEY_PURPOSE)
    messages = [_prepared(delivery, private_key, now) for delivery in mine]
    # Threads wait for the network only: none of them has a database connection.
    with ThreadPoolExecutor(max_workers=AT_ONCE) as threads:
        results = list(threads.map(_post, messages))
    for delivery, result in zip(mine, results, strict=True):
        _settle(delivery, result)
    return len(mine)


def _queue_requests() -> None:
    now = clock.now()
    fresh = ApprovalRequest.objects.filter(
        state__in=sorted(OPEN_REQUESTS), is_decoy=False, expires_at__gt=now, rung_at__isnull=True
    )
    for request in fresh:
        with transaction.atomic():
            # The only gate: of several workers one queues the rings of a request.
            mine = fresh.filter(pk=request.pk).update(rung_at=now)
            if mine and request.holder_id:
                ring(
                    person_id=request.holder_id,
                    kind=PushKind.REQUEST,
                    reference=request.pk,
                    until=request.expires_at,
                )


def _prepared(delivery: PushDelivery, private_key: bytes, now: datetime) -> Message | Result:
    """One row that cannot be read (another key, a restored database) must not stop the others."""
    try:
        message = _message_of(delivery, private_key, now)
    except IdpError as error:
        return Result(state=PushState.FAILED, error=error.detail or error.code)
    return message or Result(state=PushState.FAILED, error="nobody to ring any more")


def _message_of(delivery: PushDelivery, private_key: bytes, now: datetime) -> Message | None:
    """None where nobody is to be rung any more, or nowhere."""
    subscription = _subscription_of(delivery)
    if subscription is None or not _is_wanted(delivery, now):
        return None
    # Again, not only when it was stored: the operator may have shortened the list.
    if not is_allowed_endpoint(subscription.endpoint, settings.HYGIE.push_services):
        return None
    left = int((delivery.give_up_at - now).total_seconds())
    return Message(
        endpoint=subscription.endpoint,
        headers={
            **authorization(
                subscription,
                private_key=private_key,
                contact=settings.HYGIE.push_contact,
                now=now,
            ),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(left if delivery.kind in LASTING else min(left, LONGEST_TTL)),
            # RFC 8030 §5.3: what lasts for days need not wake a sleeping phone.
            "Urgency": "normal" if delivery.kind == PushKind.ENDING else "high",
            "Topic": topic(f"{delivery.kind} {delivery.reference}"),
        },
        body=encrypted(subscription, payload(PushKind(delivery.kind))),
    )


def _subscription_of(delivery: PushDelivery) -> Subscription | None:
    kept = PushSubscription.objects.filter(device_id=delivery.device_id).first()
    if kept is None:
        return None
    return Subscription(**json.loads(vault.unseal(kept.sealed, purpose=SUBSCRIPTION_PURPOSE)))


def _is_wanted(delivery: PushDelivery, now: datetime) -> bool:
    if delivery.device.state_at(now) is not DeviceState.ACTIVE or now >= delivery.give_up_at:
        return False
    if delivery.kind == PushKind.ENDING:
        # Used again meanwhile, it ends no sooner than any other.
        return life_of(delivery.device).warning(now) is not Ending.NONE
    if delivery.kind != PushKind.REQUEST:
        return True
    # An answered request rings nobody.
    return ApprovalRequest.objects.filter(
        pk=delivery.reference, state__in=sorted(OPEN_REQUESTS), expires_at__gt=now
    ).exists()


def _post(message: Message | Result) -> Result:
    if isinstance(message, Result):
        return message
    try:
        answer = send(
            url=message.endpoint,
            method="POST",
            headers=message.headers,
            content=message.body,
            max_bytes=MAX_BYTES,
            seconds=SECONDS,
        )
    except IdpError as error:
        return Result(state=PushState.PENDING, error=error.detail)
    state = verdict(answer.status)
    return Result(
        state=state, error="" if state is PushState.DELIVERED else f"HTTP {answer.status}"
    )


def _settle(delivery: PushDelivery, result: Result) -> None:
    state, error = result.state, result.error[:200]
    if state is PushState.PENDING:
        wait = wait_after(delivery.attempts)
        following = clock.now() + wait if wait else None
        if following is not None and following < delivery.give_up_at:
            delivery.settle(next_attempt=following, last_error=error)
            return
        state = PushState.GIVEN_UP
    if state is PushState.GONE:
        # RFC 8030 §7.3: the phone took its subscription back, or the push service did.
        PushSubscription.objects.filter(device_id=delivery.device_id).delete()
    if delivery.settle(state=state, last_error=error) and state is not PushState.DELIVERED:
        log.info("push_ended", delivery=str(delivery.pk), state=str(state), error=error)
