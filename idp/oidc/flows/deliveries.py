"""Queues messages to portals' servers in the caller's transaction; the worker sends them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.core.errors import IdpError
from idp.oidc.models import Client, Delivery
from idp.oidc.rules.delivery import DeliveryKind, DeliveryState


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is POSTed. Never printed: it may carry a token."""

    content: bytes
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return "Message(…)"


def queue(
    *, kind: DeliveryKind, client: Client, target: str, reference: str, give_up_at: datetime
) -> Delivery:
    """One row beside the fact that it tells of: both are kept, or neither."""
    now = clock.now()
    delivery, _created = Delivery.objects.get_or_create(
        kind=kind,
        client=client,
        reference=reference,
        defaults={
            "target": target,
            "next_attempt": now,
            "give_up_at": give_up_at,
            "created_at": now,
        },
    )
    return delivery


def list_deliveries(*, state: DeliveryState | None = None) -> QuerySet[Delivery]:
    """For the operator, newest first."""
    rows = Delivery.objects.select_related("client").order_by("-created_at")
    return rows.filter(state=state) if state else rows


def retry(*, delivery_id: str) -> Delivery:
    """Sends again what failed or was given up: at once, with all its tries before it."""
    delivery = Delivery.objects.select_related("client").filter(pk=delivery_id).first()
    if delivery is None:
        raise IdpError("unknown_delivery", f"no delivery {delivery_id}", status=404)
    over = (DeliveryState.FAILED, DeliveryState.GIVEN_UP)
    now = clock.now()
    # It keeps the span it had: the message is as fresh as its facts.
    span = delivery.give_up_at - delivery.created_at
    again = Delivery.objects.filter(pk=delivery.pk, state__in=over).update(
        state=DeliveryState.PENDING, attempts=0, next_attempt=now, give_up_at=now + span
    )
    if not again:
        raise IdpError("not_over", f"delivery {delivery_id} is {delivery.state}")
    record(
        event="delivery_retried",
        outcome=Outcome.ACCEPTED,
        client_id=delivery.client.client_id,
        data={"delivery": str(delivery.pk), "kind": delivery.kind},
    )
    delivery.refresh_from_db()
    return delivery
