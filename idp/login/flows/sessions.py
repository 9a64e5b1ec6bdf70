"""SSO sessions: found by cookie, kept alive by use, ended once."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets
from idp.login.models import SsoSession

# Use within this span of the last touch costs no write.
TOUCH_EVERY = timedelta(minutes=1)


def current_session(*, cookie_secret: str) -> SsoSession | None:
    """The live session behind this cookie, touched; None when there is none."""
    if not cookie_secret:
        return None
    session = (
        SsoSession.objects.select_related("person")
        .filter(cookie_digest=secrets.digest(cookie_secret))
        .first()
    )
    now = clock.now()
    if session is None or not session.is_live(now=now, idle=settings.HYGIE.lifetimes.sso_idle):
        return None
    if now - session.last_seen_at >= TOUCH_EVERY:
        SsoSession.objects.filter(pk=session.pk, ended_at__isnull=True).update(last_seen_at=now)
    return session


@transaction.atomic
def end_session(*, session: SsoSession, reason: str, client_id: str = "") -> bool:
    """Ends the session and audits it; False when it was over already."""
    if not session.end(reason=reason, now=clock.now()):
        return False
    record(
        event="session_ended",
        outcome=Outcome.ACCEPTED,
        subject=session.national_id,
        client_id=client_id,
        is_test=session.is_test,
        data={"session": str(session.pk), "reason": reason},
    )
    return True
