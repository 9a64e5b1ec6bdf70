"""Where phones are rung (Web Push), and for what: rows that the worker delivers.

A login under way queues nothing here: the worker finds its request by itself, so that asking for a
person without a phone costs the very same statements as asking for one with three.
"""

import json
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from idp.core import clock, vault
from idp.enrollment.flows import refusals
from idp.enrollment.flows.devices import require_active
from idp.enrollment.gateways.push_keys import is_point, new_pair
from idp.enrollment.models import Device, PushDelivery, PushKey, PushSubscription
from idp.enrollment.rules.encoding import b64u
from idp.enrollment.rules.push import PushKind, is_allowed_endpoint
from idp.enrollment.rules.states import DeviceState

KEY_PURPOSE = "push.key"
SUBSCRIPTION_PURPOSE = "push.subscription"


def push_key() -> PushKey:
    """The key pair of this deployment, made at its first use; of two makers one wins."""
    kept = PushKey.objects.first()
    if kept is not None:
        return kept
    private, public = new_pair()
    made, _is_new = PushKey.objects.get_or_create(
        slot=1,
        defaults={
            "sealed_private_key": vault.seal(private, purpose=KEY_PURPOSE),
            "public_key": public,
            "created_at": clock.now(),
        },
    )
    return made


def is_subscribed(*, device: Device) -> bool:
    return PushSubscription.objects.filter(device_id=device.pk).exists()


def subscribe(*, device: Device, endpoint: str, p256dh: bytes, auth: bytes) -> None:
    """This phone is rung at this address from now on, and at no former one."""
    require_active(device)
    if not is_allowed_endpoint(endpoint, settings.HYGIE.push_services):
        raise refusals.push_service_unknown()
    if not is_point(p256dh):
        raise refusals.push_keys_refused()
    text = json.dumps({"endpoint": endpoint, "p256dh": b64u(p256dh), "auth": b64u(auth)})
    PushSubscription.objects.update_or_create(
        device_id=device.pk,
        defaults={
            "sealed": vault.seal(text.encode(), purpose=SUBSCRIPTION_PURPOSE),
            "created_at": clock.now(),
        },
    )


def unsubscribe(*, device: Device) -> None:
    """This phone is not rung any more; what was due to it is dropped."""
    PushSubscription.objects.filter(device_id=device.pk).delete()


@transaction.atomic
def ring(
    *, person_id: UUID, kind: PushKind, reference: UUID, until: datetime, but: UUID | None = None
) -> int:
    """Queues one ring for each of the holder's active phones that can be rung; returns how many."""
    phones = _phones_to_ring().filter(holder_id=person_id)
    if but is not None:
        phones = phones.exclude(pk=but)
    return _queue(phones, kind=kind, reference=reference, until=until)


def ring_one(*, device: Device, kind: PushKind, reference: UUID, until: datetime) -> int:
    """The same for this phone alone."""
    phones = _phones_to_ring().filter(pk=device.pk)
    return _queue(phones, kind=kind, reference=reference, until=until)


def _phones_to_ring() -> QuerySet[Device]:
    return Device.objects.filter(
        state=DeviceState.ACTIVE, valid_until__gt=clock.now(), push__isnull=False
    )


def _queue(phones: QuerySet[Device], *, kind: PushKind, reference: UUID, until: datetime) -> int:
    now = clock.now()
    rings = [
        PushDelivery(
            device=phone,
            kind=kind,
            reference=str(reference),
            next_attempt=now,
            give_up_at=until,
            created_at=now,
        )
        for phone in phones
    ]
    PushDelivery.objects.bulk_create(rings, ignore_conflicts=True)
    return len(rings)
