"""What lets a portal's server register itself (RFC 7591 §3, initial access token)."""

from datetime import datetime

from django.db import models
from django.db.models import F

from idp.oidc.rules.profiles import ProfileName


class InitialAccessToken(models.Model):
    """Given by the operator, for a number of registrations of one profile. Kept as a digest."""

    digest = models.BinaryField(max_length=32, unique=True)
    profile_name = models.CharField(
        max_length=20, choices=[(str(name), str(name)) for name in ProfileName]
    )
    uses_left = models.PositiveIntegerField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "jeton d’enregistrement"
        verbose_name_plural = "jetons d’enregistrement"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.profile_name} until {self.expires_at}"

    def use(self, *, now: datetime) -> bool:
        """The only gate of a registration: of more than it allows at once, no more get in."""
        usable = InitialAccessToken.objects.filter(pk=self.pk, uses_left__gt=0, expires_at__gt=now)
        return usable.update(uses_left=F("uses_left") - 1) == 1
