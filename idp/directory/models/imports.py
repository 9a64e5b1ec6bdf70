"""Imports of register files, and what people were before them."""

from typing import Any

from django.db import models

from idp.directory.models.fields import RenderedJson
from idp.directory.models.people import Person


class ImportBatch(models.Model):
    """One import of one file. `running` without a living importer means that it was killed."""

    class State(models.TextChoices):
        RUNNING = "running"
        DONE = "done"
        REFUSED = "refused"
        ROLLED_BACK = "rolled_back"

    kind = models.CharField(max_length=20)
    file_name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64, db_index=True)
    file_date = models.DateTimeField(null=True)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=12, choices=State.choices, default=State.RUNNING)
    # Rows, persons by what became of them, professions: what `--list` shows.
    counts: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    actor = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = "import"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.pk} {self.kind} {self.state}"


class FormerState(models.Model):
    """What a person was before a batch touched them; `snapshot` is null for who was not there."""

    batch = models.ForeignKey(
        ImportBatch, on_delete=models.CASCADE, related_name="former", db_constraint=False
    )
    person = models.ForeignKey(
        Person, on_delete=models.CASCADE, related_name="former_states", db_constraint=False
    )
    snapshot: "models.JSONField[Any, Any]" = RenderedJson(null=True)
    fingerprint = models.CharField(max_length=64, blank=True)
    raw_fingerprint = models.CharField(max_length=32, blank=True)
    source = models.CharField(max_length=20, blank=True)
    left_register_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "état antérieur"
        verbose_name_plural = "états antérieurs"
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.person_id} {self.batch_id}"
