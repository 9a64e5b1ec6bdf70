"""What a person granted to a portal: the code, and the family of tokens that grows from it."""

import uuid
from datetime import datetime
from typing import Any

from django.db import models

from idp.directory.rules.practices import KEY_LENGTH, leading_with
from idp.directory.rules.professional import Professional
from idp.login.models import SsoSession
from idp.oidc.models.clients import Client


class Grant(models.Model):
    """One login at one portal. Its code is redeemed once, its refresh token turns at every use.

    Access tokens are not stored: each is signed and names its grant, and is good for as long as
    the grant, the client and the session are. Codes and refresh tokens are kept as digests.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="grants")
    session = models.ForeignKey(SsoSession, on_delete=models.CASCADE, related_name="grants")
    redirect_uri = models.TextField()
    scope = models.TextField()
    nonce = models.TextField(blank=True)
    requested_claims: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    # Of the login this grant comes from: a later login in the same session changes the session,
    # not what was said to this portal.
    acr = models.CharField(max_length=20)
    amr: "models.JSONField[Any, Any]" = models.JSONField(default=list)
    auth_mode = models.CharField(max_length=20)
    auth_time = models.DateTimeField()
    is_test = models.BooleanField(default=False)
    # The practice that its claims begin with (`directory.rules.practices`); `""`: the first.
    practice = models.CharField(max_length=KEY_LENGTH, blank=True)

    code_digest = models.BinaryField(max_length=32, unique=True)
    code_challenge = models.CharField(max_length=128, blank=True)
    code_challenge_method = models.CharField(max_length=10, blank=True)
    # RFC 9449 §10: the key that must redeem the code; `""` where the portal named none.
    code_jkt = models.CharField(max_length=43, blank=True)
    code_expires_at = models.DateTimeField()
    code_used_at = models.DateTimeField(null=True)
    # RFC 7800: the key or certificate that the tokens of this grant are bound to; `{}` for Bearer.
    cnf: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    refresh_digest = models.BinaryField(max_length=32, null=True)
    refresh_expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    revoke_reason = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = "accès accordé"
        verbose_name_plural = "accès accordés"
        default_permissions = ("view",)
        indexes = [models.Index(fields=["created_at"], name="oidc_grant_created")]

    def __str__(self) -> str:
        return f"{self.client_id} {self.id}"

    def redeem(
        self,
        *,
        refresh_digest: bytes,
        refresh_expires_at: datetime,
        cnf: dict[str, str],
        now: datetime,
    ) -> bool:
        """The only single-use gate of a code: nothing leaves before this returns True."""
        return (
            Grant.objects.filter(
                pk=self.pk,
                code_used_at__isnull=True,
                revoked_at__isnull=True,
                code_expires_at__gt=now,
            ).update(
                code_used_at=now,
                cnf=cnf,
                refresh_digest=refresh_digest,
                refresh_expires_at=refresh_expires_at,
            )
            == 1
        )

    def rotate(
        self,
        *,
        used_digest: bytes,
        refresh_digest: bytes,
        refresh_expires_at: datetime,
        now: datetime,
    ) -> bool:
        """The only single-use gate of a refresh token: one of many parallel uses wins."""
        return (
            Grant.objects.filter(
                pk=self.pk,
                refresh_digest=used_digest,
                refresh_expires_at__gt=now,
                revoked_at__isnull=True,
            ).update(refresh_digest=refresh_digest, refresh_expires_at=refresh_expires_at)
            == 1
        )

    def revoke(self, *, reason: str, now: datetime) -> bool:
        """Ends every token of the family; False when it was over already."""
        return (
            Grant.objects.filter(pk=self.pk, revoked_at__isnull=True).update(
                revoked_at=now, revoke_reason=reason
            )
            == 1
        )

    @property
    def professional(self) -> Professional:
        """Whom the tokens of this grant are about, as the register knows them now."""
        professional = Professional.from_snapshot(self.session.person.snapshot)
        return leading_with(professional, self.practice)

    # What Authlib's code and refresh grants ask of a stored credential.
    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def check_client(self, client: Client) -> bool:
        return self.client_id == client.pk
