"""Messages to portals' servers, kept until they are delivered or given up."""

import uuid

from django.db import models

from idp.core.due import DueMessage
from idp.oidc.models.clients import Client
from idp.oidc.rules.delivery import DeliveryKind, DeliveryState


class Delivery(DueMessage):
    """One message to one portal. It holds no secret: `reference` names what it is made from."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(
        max_length=20, choices=[(str(kind), str(kind)) for kind in DeliveryKind]
    )
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="deliveries")
    target = models.TextField()
    reference = models.CharField(max_length=100)
    state = models.CharField(max_length=10, default=DeliveryState.PENDING)

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
