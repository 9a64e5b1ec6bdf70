"""Signing keys, encrypted at rest."""

from enum import StrEnum
from typing import Any

from django.db import models
from django.db.models import Q


class KeyState(StrEnum):
    """`next` is published before it signs, `previous` after: caches of portals never miss one."""

    NEXT = "next"
    CURRENT = "current"
    PREVIOUS = "previous"
    RETIRED = "retired"


class SigningKey(models.Model):
    """One key. Its private part leaves the vault in `gateways.keys` only."""

    kid = models.CharField(max_length=64, primary_key=True)
    alg = models.CharField(max_length=10)
    state = models.CharField(max_length=10)
    # Null for a symmetric key: nothing of it may be published.
    public_jwk: "models.JSONField[Any, Any]" = models.JSONField(null=True)
    sealed_private_jwk = models.BinaryField()
    created_at = models.DateTimeField()
    # When a rotation made it sign; null for a first key and for those that only wait.
    activated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "clé de signature"
        verbose_name_plural = "clés de signature"
        default_permissions = ("view",)
        constraints = [
            # Two processes that start at once cannot both make "the" key.
            models.UniqueConstraint(
                fields=["alg", "state"],
                condition=Q(state__in=["next", "current"]),
                name="oidc_one_key_per_alg_and_state",
            )
        ]

    def __str__(self) -> str:
        return f"{self.alg} {self.state} {self.kid}"
