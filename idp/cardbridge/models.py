"""Challenges, trusted authorities, revocation lists and the serials on them."""

from datetime import datetime

from django.db import models

from idp.cardbridge.rules.hierarchy import Role
from idp.cardbridge.rules.revocation import Source
from idp.login.models import LoginAttempt


class CardChallenge(models.Model):
    """256 random bits that one card signs once, for one attempt of one browser."""

    attempt = models.ForeignKey(
        LoginAttempt, on_delete=models.CASCADE, related_name="card_challenges"
    )
    # 44 characters; 88 with a statement that the card signs too.
    challenge = models.CharField(max_length=88)
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
    # Its OCSP responder, asked by the worker about the cards in use; "": never asked.
    ocsp_url = models.URLField(max_length=500, blank=True)
    # RFC 9654: an answer that does not repeat our nonce may be an old one.
    ocsp_requires_nonce = models.BooleanField(default=True)
    # Fetches of the list that failed since the last that did not, and why; the same of OCSP.
    crl_failures = models.PositiveIntegerField(default=0)
    last_crl_failure = models.CharField(max_length=300, blank=True)
    ocsp_failures = models.PositiveIntegerField(default=0)
    last_ocsp_failure = models.CharField(max_length=300, blank=True)
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
    """The newest list of one authority, verified once, when it came in. Serials: `BarredSerial`.

    `seal` is keyed: a row that this deployment did not write is not believed.
    """

    issuer = models.OneToOneField(
        TrustedCertificate, on_delete=models.CASCADE, related_name="revocation_list"
    )
    sha256 = models.CharField(max_length=64)
    der = models.BinaryField()
    # RFC 5280 §5.2.3: up to 20 octets, which no integer column holds.
    number = models.CharField(max_length=50)
    entries = models.PositiveIntegerField()
    this_update = models.DateTimeField()
    next_update = models.DateTimeField(db_index=True)
    fetched_at = models.DateTimeField()
    seal = models.CharField(max_length=64)

    class Meta:
        verbose_name = "liste de révocation"
        verbose_name_plural = "listes de révocation"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.issuer} {self.number}"


class BarredSerial(models.Model):
    """A certificate that must not log in: on its issuer's list, or by its OCSP responder's word."""

    # The unique constraint is its index; a check by row would cost more than all the rest.
    issuer = models.ForeignKey(
        TrustedCertificate,
        on_delete=models.CASCADE,
        related_name="barred_serials",
        db_index=False,
        db_constraint=False,
    )
    # In hexadecimal, without leading zeros.
    serial = models.CharField(max_length=64)
    source = models.CharField(max_length=12)
    # The day of opposition; null where the responder does not know the card.
    revoked_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, blank=True)

    class Meta:
        verbose_name = "certificat révoqué"
        verbose_name_plural = "certificats révoqués"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["issuer", "serial", "source"], name="card_barred_once_a_source"
            ),
            models.CheckConstraint(
                condition=models.Q(source__in=[str(source) for source in Source]),
                name="card_barred_source_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.serial} {self.source}"
