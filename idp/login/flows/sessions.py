"""SSO sessions: begun by a proof, found by cookie, kept alive by use, ended once."""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from idp.audit.flows import Outcome, record
from idp.core import clock, secrets
from idp.login.flows.standing import barred_by_register
from idp.login.models import EarlierProof, SsoSession
from idp.login.rules.authentication import Authentication, AuthMode

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
    if barred_by_register(session.person):
        return None
    keep_alive(session=session)
    return session


def keep_alive(*, session: SsoSession) -> None:
    """Use of a session, by its cookie or by a refresh token, begins its idle time anew.

    Not once it is over: a refresh token given out within `TOUCH_EVERY` of the last touch outlives
    the session by as much, and must not bring it back.
    """
    now = clock.now()
    if now - session.last_seen_at >= TOUCH_EVERY:
        SsoSession.objects.filter(
            pk=session.pk,
            ended_at__isnull=True,
            last_seen_at__gt=now - settings.HYGIE.lifetimes.sso_idle,
        ).update(last_seen_at=now)


def begin_session(*, proof: Authentication, previous_secret: str) -> tuple[SsoSession, str]:
    """A new cookie secret at every login (no fixation); the session goes on for the same person."""
    now = clock.now()
    cookie_secret = secrets.new_token()
    state = {
        "cookie_digest": secrets.digest(cookie_secret),
        "national_id": proof.national_id,
        "method": proof.method,
        "auth_mode": proof.auth_mode,
        "amr": list(proof.amr),
        "level": proof.level,
        "auth_time": proof.at,
        "ecps_grade": proof.ecps_grade or "",
        "device": proof.device,
        "card_id": proof.card,
        "is_test": proof.is_test,
        "last_seen_at": now,
        "expires_at": now + settings.HYGIE.lifetimes.sso_session,
    }
    previous = current_session(cookie_secret=previous_secret)
    if previous is not None and previous.person_id == proof.person_id:
        renewed = SsoSession.objects.filter(pk=previous.pk, ended_at__isnull=True).update(**state)
        if renewed:
            _keep_earlier(previous, proof)
            return SsoSession.objects.select_related("person").get(pk=previous.pk), cookie_secret
    if previous is not None:
        end_session(session=previous, reason="another person logged in")
    return SsoSession.objects.create(person_id=proof.person_id, **state), cookie_secret


def _keep_earlier(before: SsoSession, proof: Authentication) -> None:
    """What grew from another card or phone must still end with it."""
    if (before.card_id, before.device) == (proof.card, proof.device):
        return
    if before.card_id or before.device:
        EarlierProof.objects.create(session=before, card_id=before.card_id, device=before.device)


def last_card_login(*, person_id: UUID) -> datetime | None:
    """When this person last proved who they are by card, as far as sessions are kept."""
    by_card = SsoSession.objects.filter(person_id=person_id, auth_mode=AuthMode.CARD)
    return by_card.order_by("-auth_time").values_list("auth_time", flat=True).first()


@transaction.atomic
def end_session(*, session: SsoSession, reason: str, client_id: str = "") -> bool:
    """Ends the session, audits it and tells the hooks; False when it was over already."""
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
    # In the same transaction: whoever must hear of the end does, whatever happens to this process.
    for path in settings.SESSION_END_HOOKS:
        import_string(path)(session=session)
    return True
