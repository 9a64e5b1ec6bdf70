"""A proof turned out worthless (card opposed, phone revoked): what was built on it ends at once.

Logins before sessions, always: a login that is finished meanwhile holds its attempt's row, is
waited for, and its session is there to be seen. A login that comes later has lost its proof.
"""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.login.flows.sessions import end_session
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.steps import AttemptState


@transaction.atomic
def withdraw(*, person_id: UUID, reason: str) -> dict[str, int]:
    """Ends what the hooks own, logins under way and sessions (with their tokens); counts of each.

    The hooks come first: once a person's phones are over, they prove no login any more. Portals
    hear of it as of every session that ends. Each end is a row of the audit log.
    """
    owned = {
        name: import_string(path)(person_id=person_id, reason=reason)
        for name, path in settings.WITHDRAWAL_HOOKS.items()
    }
    logins = _end_logins(_proven().filter(authentication__person_id=str(person_id)), reason)
    live = _live().filter(person_id=person_id)
    sessions = sum(end_session(session=session, reason=reason) for session in live)
    return {"sessions": sessions, "logins": logins, **owned}


@transaction.atomic
def withdraw_device(*, device: str, reason: str) -> None:
    """Ends what this phone vouched for: the logins it proved, the sessions it opened."""
    _end_logins(_proven().filter(authentication__device=device), reason)
    for session in _live().filter(device=device):
        end_session(session=session, reason=reason)


def _live() -> QuerySet[SsoSession]:
    return SsoSession.objects.select_related("person").filter(
        ended_at__isnull=True, expires_at__gt=clock.now()
    )


def _proven() -> QuerySet[LoginAttempt]:
    """Proven and not yet finished: in a moment they would open a session."""
    return LoginAttempt.objects.select_for_update().filter(
        state=AttemptState.PROVEN, expires_at__gt=clock.now()
    )


def _end_logins(proven: QuerySet[LoginAttempt], reason: str) -> int:
    done = 0
    for attempt in proven:
        proof = attempt.proof
        row = record(
            event="login_withdrawn",
            outcome=Outcome.REFUSED,
            subject=proof.national_id if proof else "",
            client_id=attempt.client_id,
            is_test=proof.is_test if proof else False,
            data={"attempt": str(attempt.pk), "reason": reason},
        )
        done += attempt.withdraw("access_denied", reference=row.reference, now=clock.now())
    return done
