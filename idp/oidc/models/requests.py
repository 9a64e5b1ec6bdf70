"""Authorization requests that wait: pushed by the portal, or for the person to log in."""

import uuid
from datetime import datetime
from typing import Any

from django.db import models

from idp.login.models import LoginAttempt
from idp.oidc.models.clients import Client


class AuthorizationRequest(models.Model):
    """What a portal asked, beside the login attempt that it opened. Gone with the attempt."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    attempt = models.OneToOneField(LoginAttempt, on_delete=models.CASCADE)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    value: "models.JSONField[Any, Any]" = models.JSONField()
    answered_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.client_id} {self.id}"

    def answer(self, *, now: datetime) -> bool:
        """The only single-use gate of a request: one answer goes to the portal."""
        return (
            AuthorizationRequest.objects.filter(pk=self.pk, answered_at__isnull=True).update(
                answered_at=now
            )
            == 1
        )


class PushedRequest(models.Model):
    """A request that a portal left with us before it sends the person (RFC 9126)."""

    digest = models.BinaryField(max_length=32, unique=True)
    client = models.ForeignKey(Client, on_delete=models.CASCADE)
    value: "models.JSONField[Any, Any]" = models.JSONField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["expires_at"], name="oidc_pushed_expires")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.pk}"

    @classmethod
    def use(cls, *, digest: bytes, now: datetime) -> bool:
        """The only single-use gate of a request_uri: it opens when the portal is answered."""
        unused = cls.objects.filter(digest=digest, used_at__isnull=True)
        return unused.update(used_at=now) == 1
