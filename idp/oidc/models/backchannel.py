"""An authentication request of CIBA: what a portal's server asked, beside its login attempt."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

from idp.login.models import LoginAttempt
from idp.oidc.models.clients import Client


class BackchannelRequest(models.Model):
    """Polled by its auth_req_id, kept as a digest; redeemed once. Gone with the attempt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.BinaryField(max_length=32, unique=True)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    attempt = models.OneToOneField(LoginAttempt, on_delete=models.CASCADE)
    scope = models.TextField()
    # Encrypted: what a ping says and its bearer token. Null in poll mode.
    sealed_ping = models.BinaryField(max_length=4000, null=True)
    polled_at = models.DateTimeField(null=True)
    redeemed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.client_id} {self.id}"

    def poll(self, *, interval: timedelta, now: datetime) -> bool:
        """Notes a poll; False when the last one that counted was less than `interval` ago."""
        return (
            BackchannelRequest.objects.filter(
                Q(polled_at__isnull=True) | Q(polled_at__lte=now - interval), pk=self.pk
            ).update(polled_at=now)
            == 1
        )

    def redeem(self, *, now: datetime) -> bool:
        """The only single-use gate of an auth_req_id: nothing leaves before this returns True."""
        return (
            BackchannelRequest.objects.filter(pk=self.pk, redeemed_at__isnull=True).update(
                redeemed_at=now
            )
            == 1
        )
