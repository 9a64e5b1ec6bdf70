"""The audit log: rows appended freely by every node, sealed in order by one sealer."""

import uuid
from typing import Any

from django.db import models


class AuditRow(models.Model):
    """One proof or one refusal. Never updated, but for its place in the chain."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField()
    event = models.CharField(max_length=64)
    outcome = models.CharField(max_length=16)
    # The person's national identifier, where known; kept after the person is gone.
    subject = models.CharField(max_length=80, blank=True)
    client_id = models.CharField(max_length=200, blank=True)
    reference = models.CharField(max_length=8, db_index=True)
    is_test = models.BooleanField(default=False)
    data = models.JSONField(default=dict)
    # What proves a login again, offline: kind, signature, signed bytes, keys. Null elsewhere.
    evidence = models.JSONField(null=True)

    sequence = models.BigIntegerField(null=True, unique=True)
    chain_hash = models.BinaryField(max_length=32, null=True)

    class Meta:
        ordering = ["id"]
        indexes = [
            models.Index(
                fields=["id"], name="audit_unsealed", condition=models.Q(sequence__isnull=True)
            ),
            models.Index(fields=["subject", "at"], name="audit_subject_at"),
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%SZ} {self.event} {self.outcome} {self.reference}"

    def content(self) -> dict[str, Any]:
        """All that the chain protects."""
        return {
            "uid": str(self.uid),
            "at": self.at.isoformat(),
            "event": self.event,
            "outcome": self.outcome,
            "subject": self.subject,
            "client_id": self.client_id,
            "reference": self.reference,
            "is_test": self.is_test,
            "data": self.data,
            "evidence": self.evidence,
        }


class ChainHead(models.Model):
    """The last sealed link: the one row the sealer locks, and the guard against a cut-off tail."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    sequence = models.BigIntegerField(default=0)
    chain_hash = models.BinaryField(max_length=32)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"chain head {self.sequence}"
