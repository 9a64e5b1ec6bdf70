"""What must be delivered is a row: claimed by one worker, settled, or due again."""

from datetime import datetime
from typing import Any, Self

from django.db import models

PENDING = "pending"


class DueMessage(models.Model):
    """One message to the outside. The class that keeps it adds `state`, to whom, and about what."""

    state: "models.CharField[Any, Any]"
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt = models.DateTimeField()
    # Beyond it nobody wants the message any more.
    give_up_at = models.DateTimeField()
    last_error = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        abstract = True

    def claim(self, *, now: datetime, lease_until: datetime) -> bool:
        """The only gate of a try: one of many workers wins. Killed, its lease runs out."""
        claimed = self._pending(next_attempt__lte=now, attempts=self.attempts).update(
            attempts=self.attempts + 1, next_attempt=lease_until
        )
        if claimed:
            self.attempts += 1
            self.next_attempt = lease_until
        return claimed == 1

    def settle(self, **changes: Any) -> bool:
        """What came of the claimed try; False when another worker took over meanwhile."""
        return self._pending(attempts=self.attempts).update(**changes) == 1

    def _pending(self, **lookup: Any) -> "models.QuerySet[Self]":
        rows: models.QuerySet[Self] = type(self)._default_manager.all()
        return rows.filter(pk=self.pk, state=PENDING, **lookup)
