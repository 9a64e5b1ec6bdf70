"""Web Push: our key pair, where each phone is rung, and each ring until it is over."""

import uuid

from django.db import models

from idp.core.due import DueMessage
from idp.enrollment.models.devices import Device
from idp.enrollment.rules.push import PushKind, PushState


class PushKey(models.Model):
    """The VAPID key (RFC 8292) of this deployment. One row: a new key would silence every phone."""

    slot = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sealed_private_key = models.BinaryField(max_length=300)
    # Uncompressed P-256 point.
    public_key = models.BinaryField(max_length=65)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [
            models.CheckConstraint(condition=models.Q(slot=1), name="push_one_key"),
        ]

    def __str__(self) -> str:
        return f"push key of {self.created_at:%Y-%m-%d}"


class PushSubscription(models.Model):
    """Where one phone is rung. Encrypted: whoever has it could ring, and learn the push service."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="push")
    # Address and keys, as JSON.
    sealed = models.BinaryField(max_length=4000)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.device_id)


class PushDelivery(DueMessage):
    """One ring of one phone: it holds no address and no secret."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, on_delete=models.CASCADE, related_name="rings")
    kind = models.CharField(max_length=20, choices=[(str(kind), str(kind)) for kind in PushKind])
    # The request or the device that it is about.
    reference = models.CharField(max_length=36)
    state = models.CharField(max_length=10, default=PushState.PENDING)

    class Meta:
        verbose_name = "sonnerie"
        default_permissions = ("view",)
        constraints = [
            # Queueing the same ring twice is queueing it once.
            models.UniqueConstraint(
                fields=["device", "kind", "reference"], name="push_once_per_occasion"
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=[str(state) for state in PushState]),
                name="push_state_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt"], name="push_due", condition=models.Q(state="pending")
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state}"
