"""Persons of the register and the identifiers that lead to them."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from idp.directory.models.fields import RenderedJson, text

# Where the people that a sandbox brings along are from.
SANDBOX_SOURCE = "sandbox"


class Person(models.Model):
    """A professional. The primary key is the internal subject: stable whatever the identifiers."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    national_id = models.CharField(max_length=64)
    family_name = text()
    given_names = text()
    civility = text()
    is_test = models.BooleanField(default=False)
    # The rendered `Professional`: who asks about a person pays one look-up, not five.
    snapshot: "models.JSONField[Any, Any]" = RenderedJson()
    # Of what the register said last: equal means that there is nothing to write.
    fingerprint = models.CharField(max_length=64)
    # Since when no import holds this person (radiation); null: they are in.
    left_register_at = models.DateTimeField(null=True)
    # The first day on which none of their practices went on; null: one does, or none ever was.
    practices_ended_on = models.DateField(null=True)
    # « Liste rouge »: found by nobody but under an identifier that is known already.
    is_red_listed = models.BooleanField(default=False, db_default=False)
    # Of the raw rows: equal means that there is nothing even to parse.
    raw_fingerprint = models.CharField(max_length=32, blank=True, default="")
    # Which kind of file the person is from: only a file of that kind ends what it no longer holds.
    source = models.CharField(max_length=20, blank=True, default="")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = "professionnel"
        # Few and small: each is written for each of two million people. That nobody else has a
        # national identifier is for `AlternativeIdentifier` to say.
        indexes = [
            models.Index(Upper("family_name"), name="directory_person_name"),
            # Of the sandbox's own people, however many fictitious ones are imported beside them.
            models.Index(
                fields=["national_id"],
                name="directory_person_sandbox",
                condition=Q(source=SANDBOX_SOURCE),
            ),
            models.Index(
                fields=["left_register_at"],
                name="directory_person_left",
                condition=Q(left_register_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.national_id


class AlternativeIdentifier(models.Model):
    """An identifier that leads to a person, the main one (quality 1) included."""

    person = models.ForeignKey(
        Person,
        on_delete=models.CASCADE,
        related_name="alternative_identifiers",
        # Written in one transaction with the person. The database would look at them again for each
        # of two million, and write each row of theirs a second time to lock it.
        db_constraint=False,
        # The constraint below is an index too.
        db_index=False,
    )
    identifier = models.CharField(max_length=64)
    origin = models.CharField(max_length=16)
    quality = models.PositiveSmallIntegerField()

    class Meta:
        verbose_name = "identifiant"
        constraints = [
            models.UniqueConstraint(
                fields=["person", "quality"], name="directory_one_main_identifier"
            ),
            models.UniqueConstraint(fields=["identifier"], name="directory_identifier"),
        ]

    def __str__(self) -> str:
        return self.identifier
