"""Messages to portals' servers, kept until they are delivered or given up."""

import uuid
from datetime import datetime
from typing import Any

from django.db import models

from idp.oidc.models.clients import Client
from idp.oidc.rules.delivery import DeliveryKind, DeliveryState


class Delivery(models.Model):
    """One message to one portal. It holds no secret: `reference` names what it is made from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        max_length=20, choices=[(str(kind), str(kind)) for kind in DeliveryKind]
    )
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="deliveries")
    target = models.TextField()
    reference = models.CharField(max_length=100)
    state = models.CharField(max_length=10, default=DeliveryState.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt = models.DateTimeField()
    # Beyond it nobody wants the message any more.
    give_up_at = models.DateTimeField()
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "envoi à un portail"
        verbose_name_plural = "envois aux portails"
        default_permissions = ("view",)
        constraints = [
            # Queueing the same message twice is queueing it once.
            models.UniqueConstraint(
                fields=["kind", "client", "reference"], name="oidc_one_delivery_per_reference"
            )
        ]
        indexes = [
            models.Index(
                fields=["next_attempt"],
                name="oidc_delivery_due",
                condition=models.Q(state="pending"),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.client_id} {self.state}"

    def claim(self, *, now: datetime, lease_until: datetime) -> bool:
        """The only gate of a try: one of many workers wins. Killed, its lease runs out."""
        claimed = self._pending(next_attempt__lte=now, attempts=self.attempts).update(
            attempts=self.attempts + 1, next_attempt=lease_until
        )
        if claimed:
            self.attempts += 1
            self.next_attempt = lease_until
        return claimed == 1

    def settle(self, **changes: Any) -> bool:
        """What came of the claimed try; False when another worker took over meanwhile."""
        return self._pending(attempts=self.attempts).update(**changes) == 1

    def _pending(self, **lookup: Any) -> "models.QuerySet[Delivery]":
        return Delivery.objects.filter(pk=self.pk, state=DeliveryState.PENDING, **lookup)
