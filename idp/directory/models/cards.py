"""Cards: those that logged in here, and those that were issued."""

from django.db import models
from django.db.models import Q

from idp.directory.models.people import Person


class Card(models.Model):
    """A card that logged its holder in here: until when it is good, and since when it no longer is.

    A person may hold several: the old and the new one for thirty days, one for each profession.
    """

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="cards")
    # Of the certificate that logs in: its issuer's fingerprint, its serial number in hexadecimal.
    issuer_sha256 = models.CharField(max_length=64)
    serial = models.CharField(max_length=64)
    number = models.CharField(max_length=42)
    kind = models.CharField(max_length=10)
    not_after = models.DateTimeField(db_index=True)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField(db_index=True)
    # When its holder was last told that it ends soon.
    warned_at = models.DateTimeField(null=True)
    opposed_at = models.DateTimeField(null=True)
    # When its opposition ended its holder's sessions and phones; null while it has not, and again
    # once somebody took it back: whether the card is still opposed is then looked up.
    withdrawn_at = models.DateTimeField(null=True)
    # When its issuer's OCSP responder is asked next.
    next_ocsp_at = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name = "carte"
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(
                fields=["issuer_sha256", "serial"], name="directory_card_certificate"
            )
        ]
        indexes = [
            models.Index(
                fields=["id"],
                name="directory_card_to_ask_again",
                condition=Q(opposed_at__isnull=False, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


class IssuedCard(models.Model):
    """A card that the register says was issued (`Porteurs_CPS_CPF`), used here or not.

    An opposition named here refuses the card like a revocation list does, and the worker ends what
    the card opened.
    """

    number = models.CharField(max_length=42, unique=True)
    person = models.ForeignKey(
        Person, on_delete=models.SET_NULL, null=True, related_name="issued_cards"
    )
    national_id = models.CharField(max_length=64, db_index=True)
    kind = models.CharField(max_length=10)
    valid_from = models.DateField(null=True)
    valid_until = models.DateField(null=True)
    opposed_on = models.DateField(null=True)
    opposition_reason = models.CharField(max_length=40, blank=True)
    source = models.CharField(max_length=20)
    # When its opposition was acted upon; null while it has not been, and again once the register
    # takes it back or puts it off.
    withdrawn_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "carte émise"
        verbose_name_plural = "cartes émises"
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["id"],
                name="directory_issued_to_withdraw",
                condition=Q(opposed_on__isnull=False, withdrawn_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"
