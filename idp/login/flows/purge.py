"""Removes rows of logins that are over, a day later; the audit log keeps the facts."""

from datetime import timedelta

from idp.core import clock
from idp.login.models import LoginAttempt

KEEP = timedelta(days=1)


def purge_logins() -> int:
    deleted, _by_model = LoginAttempt.objects.filter(expires_at__lt=clock.now() - KEEP).delete()
    return deleted
