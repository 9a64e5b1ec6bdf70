"""The seed of a phone's offline codes, and how often they were used or wrong."""

from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import Case, F, When
from django.utils.translation import gettext_lazy as _

from idp.enrollment.models.devices import Device
from idp.enrollment.rules.limits import Rate


class OfflineSeed(models.Model):
    """Encrypted: unlike the other keys of a phone, whoever knows it makes its codes."""

    device = models.OneToOneField(Device, on_delete=models.CASCADE, related_name="offline_seed")
    sealed_seed = models.BinaryField(max_length=300)
    # The last step that was accepted: it and those before it never are again.
    last_step = models.BigIntegerField(default=0)
    wrong = models.PositiveSmallIntegerField(default=0)
    wrong_since = models.DateTimeField(null=True)
    uses = models.PositiveSmallIntegerField(default=0)
    uses_since = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("code hors connexion")
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.device_id)

    def is_locked(self, *, now: datetime, rate: Rate) -> bool:
        """Too many wrong codes lately: right ones are refused as well."""
        return _within(self.wrong_since, now, rate) and self.wrong >= rate.limit

    def is_used_up(self, *, now: datetime, rate: Rate) -> bool:
        return _within(self.uses_since, now, rate) and self.uses >= rate.limit

    def use(self, *, step: int, now: datetime, rate: Rate) -> bool:
        """The only single-use gate of a code: one caller takes its step."""
        return (
            OfflineSeed.objects.filter(pk=self.pk, last_step__lt=step).update(
                last_step=step, wrong=0, **_counted("uses", now, rate)
            )
            == 1
        )

    @classmethod
    def count_wrong(cls, *, holder_id: Any, now: datetime, rate: Rate) -> None:
        """One statement, for somebody as for nobody: the time tells nothing."""
        cls.objects.filter(device__holder_id=holder_id).update(**_counted("wrong", now, rate))


def _within(since: datetime | None, now: datetime, rate: Rate) -> bool:
    return since is not None and now < since + rate.window


def _counted(name: str, now: datetime, rate: Rate) -> dict[str, Any]:
    """One more in the window that runs, or the first of a new one."""
    runs = {f"{name}_since__gt": now - rate.window}
    return {
        name: Case(When(**runs, then=F(name) + 1), default=1),
        f"{name}_since": Case(When(**runs, then=F(f"{name}_since")), default=now),
    }
