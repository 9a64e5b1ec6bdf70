"""What a person is told between their proof and their session: once, and only where it matters."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.core import clock
from idp.directory.flows.find import get_professional
from idp.login.flows.attempts import attempt_over
from idp.login.flows.sessions import current_session
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import Authentication, MethodName


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """`other_name`: whose session this browser holds, `""` for nobody else's."""

    name: str
    other_name: str
    ends_soon_at: datetime | None


def told_before_finish(*, attempt: LoginAttempt, previous_secret: str) -> Told | None:
    """None: nothing to ask, the login goes on by itself.

    Another card never inherits the session of the one before: the page says whose it is, and asks.
    """
    proof = attempt.proof
    if proof is None:
        return None
    other = _other_person(proof, previous_secret)
    if other is None and proof.ends_soon_at is None:
        return None
    return Told(
        name=_name_of(proof.person_id),
        other_name=_name_of(other) if other else "",
        ends_soon_at=proof.ends_soon_at,
    )


@transaction.atomic
def decline(*, attempt: LoginAttempt) -> None:
    """The person proved who they are, and says no: the proof is given back, no session begins."""
    proof = attempt.proof
    row = record(
        event="login_declined",
        outcome=Outcome.REFUSED,
        subject=proof.national_id if proof else "",
        client_id=attempt.client_id,
        is_test=proof.is_test if proof else False,
        data={"attempt": str(attempt.pk)},
    )
    if not attempt.withdraw("access_denied", reference=row.reference, now=clock.now()):
        raise attempt_over()


def _other_person(proof: Authentication, previous_secret: str) -> UUID | None:
    if proof.method != MethodName.CARD:
        return None
    session = current_session(cookie_secret=previous_secret)
    if session is None or session.person_id == proof.person_id:
        return None
    return session.person_id


def _name_of(person_id: UUID) -> str:
    professional = get_professional(person_id=person_id)
    return professional.display_name if professional else ""
