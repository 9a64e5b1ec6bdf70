"""A person's proof turned out worthless (card opposed): all that was built on it ends at once."""

from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.login.flows.sessions import end_session
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.steps import AttemptState


@transaction.atomic
def withdraw(*, person_id: UUID, reason: str) -> dict[str, int]:
    """Ends sessions (with their tokens), logins under way and what the hooks own; counts of each.

    Portals hear of it as of every session that ends. Each end is a row of the audit log.
    """
    live = SsoSession.objects.select_related("person").filter(
        person_id=person_id, ended_at__isnull=True, expires_at__gt=clock.now()
    )
    sessions = sum(end_session(session=session, reason=reason) for session in live)
    ended = {"sessions": sessions, "logins": _end_logins(person_id, reason)}
    for name, path in settings.WITHDRAWAL_HOOKS.items():
        ended[name] = import_string(path)(person_id=person_id, reason=reason)
    return ended


def _end_logins(person_id: UUID, reason: str) -> int:
    """Proven and not yet finished: in a moment they would open a session."""
    now, done = clock.now(), 0
    proven = LoginAttempt.objects.filter(
        state=AttemptState.PROVEN, expires_at__gt=now, authentication__person_id=str(person_id)
    )
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
        done += attempt.withdraw("access_denied", reference=row.reference, now=now)
    return done
