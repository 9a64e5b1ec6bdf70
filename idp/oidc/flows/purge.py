"""Removes grants and messages that nothing can come from; the audit log keeps the facts."""

from datetime import timedelta

from django.conf import settings

from idp.core import clock
from idp.oidc.models import Delivery, Grant, InitialAccessToken, PushedRequest, SeenId
from idp.oidc.rules.delivery import DeliveryState

# A code that comes back late must still be known as used.
KEEP = timedelta(days=1)
# The operator reads what was sent, and retries what failed.
KEEP_DELIVERIES = timedelta(days=7)


def purge_grants() -> int:
    """Older than any session could be, and a day more; returns the number of rows."""
    oldest = clock.now() - settings.HYGIE.lifetimes.sso_session - KEEP
    deleted, _by_model = Grant.objects.filter(
        created_at__lt=oldest, session__expires_at__lt=clock.now() - KEEP
    ).delete()
    return deleted


def purge_deliveries() -> int:
    """Messages that are over, a week later."""
    deleted, _by_model = (
        Delivery.objects.exclude(state=DeliveryState.PENDING)
        .filter(created_at__lt=clock.now() - KEEP_DELIVERIES)
        .delete()
    )
    return deleted


def purge_seen() -> int:
    """Identifiers, pushed requests and initial access tokens that nothing can bring back."""
    seen, _by_model = SeenId.objects.filter(expires_at__lt=clock.now()).delete()
    # A person may still be logging in after a request_uri has expired: its use is checked then.
    oldest = clock.now() - settings.HYGIE.lifetimes.login_attempt - KEEP
    pushed, _by_model = PushedRequest.objects.filter(expires_at__lt=oldest).delete()
    leaves, _by_model = InitialAccessToken.objects.filter(expires_at__lt=clock.now()).delete()
    return seen + pushed + leaves
