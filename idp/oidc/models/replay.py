"""Identifiers that may come once: of assertions, request objects, DPoP proofs, ended tokens."""

from datetime import datetime

from django.db import IntegrityError, models, transaction


class SeenId(models.Model):
    """The digest of one identifier, for as long as what carried it could be believed again."""

    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["expires_at"], name="oidc_seen_expires")]

    def __str__(self) -> str:
        return f"until {self.expires_at}"

    @classmethod
    def is_first(cls, *, digest: bytes, expires_at: datetime) -> bool:
        """The only single-use gate of a `jti`: of many parallel uses one wins."""
        try:
            with transaction.atomic():
                cls.objects.create(digest=digest, expires_at=expires_at)
        except IntegrityError:
            return False
        return True
