"""Removes rows of logins that are over, a day later, and of browsers long unused."""

from datetime import timedelta

from django.conf import settings

from idp.core import clock
from idp.login.models import KnownBrowser, LoginAttempt

KEEP = timedelta(days=1)


def purge_logins() -> int:
    now = clock.now()
    deleted, _by_model = LoginAttempt.objects.filter(expires_at__lt=now - KEEP).delete()
    forgotten, _by_model = KnownBrowser.objects.filter(
        proven_at__lt=now - settings.HYGIE.lifetimes.known_browser
    ).delete()
    return deleted + forgotten
