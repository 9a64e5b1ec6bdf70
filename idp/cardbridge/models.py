"""Challenges, trusted authorities, revocation lists."""

from datetime import datetime

from django.db import models

from idp.cardbridge.rules.hierarchy import Role
from idp.login.models import LoginAttempt


class CardChallenge(models.Model):
    """256 random bits that one card signs once, for one attempt of one browser."""

    attempt = models.ForeignKey(
        LoginAttempt, on_delete=models.CASCADE, related_name="card_challenges"
    )
    challenge = models.CharField(max_length=44)
    created_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [
            # The answer names no challenge: the attempt has one at most that can be answered.
            models.UniqueConstraint(
                fields=["attempt"],
                condition=models.Q(taken_at__isnull=True),
                name="card_one_open_challenge",
            )
        ]

    def __str__(self) -> str:
        return f"challenge of {self.attempt_id}"

    def take(self, *, now: datetime) -> bool:
        """The only single-use gate of a challenge: True once, for one caller."""
        return (
            CardChallenge.objects.filter(pk=self.pk, taken_at__isnull=True).update(taken_at=now)
            == 1
        )


class TrustedCertificate(models.Model):
    """A certification authority the operator trusts. Disabled ones still verify history."""

    sha256 = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=8)
    der = models.BinaryField()
    subject = models.TextField()
    is_test = models.BooleanField()
    # FORT PERSONNES: keys on cards. ELEMENTAIRE PERSONNES: keys in files, known to be refused.
    accepts_cards = models.BooleanField(default=False)
    enabled = models.BooleanField(default=True)
    # Where this authority publishes the list it signs.
    crl_url = models.URLField(max_length=500, blank=True)
    added_at = models.DateTimeField()

    class Meta:
        verbose_name = "autorité de certification"
        verbose_name_plural = "autorités de certification"
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=models.Q(role__in=[str(role) for role in Role]), name="trust_role_known"
            ),
            # A root says who is trusted, an issuing authority says whose key is on a card.
            models.CheckConstraint(
                condition=models.Q(role=str(Role.ISSUING)) | models.Q(accepts_cards=False),
                name="trust_only_issuing_accepts_cards",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class RevocationList(models.Model):
    """The newest list of one authority. Verified when it comes in, and again by each process."""

    issuer = models.OneToOneField(
        TrustedCertificate, on_delete=models.CASCADE, related_name="revocation_list"
    )
    sha256 = models.CharField(max_length=64)
    der = models.BinaryField()
    # RFC 5280 §5.2.3: up to 20 octets, which no integer column holds.
    number = models.CharField(max_length=50)
    this_update = models.DateTimeField()
    next_update = models.DateTimeField(db_index=True)
    fetched_at = models.DateTimeField()

    class Meta:
        verbose_name = "liste de révocation"
        verbose_name_plural = "listes de révocation"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.issuer} {self.number}"
