"""A login without a browser: the same attempt, answered by a method that needs no page (CIBA).

ask_decoupled → the phone: prove | refuse → finish_decoupled.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from idp.core import clock, secrets
from idp.login.flows.attempts import Browser, attempt_over, open_attempt
from idp.login.flows.sessions import begin_session
from idp.login.flows.standing import check_standing
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import LoginPolicy, MethodName, Portal, ReturnAddress
from idp.login.rules.steps import AttemptState


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Whom to ask, and what the portal shows beside it.

    `number`: two digits to type on the phone, `""` for none. `message`: quoted on the phone.
    """

    identifier: str
    number: str = ""
    message: str = ""


@transaction.atomic
def ask_decoupled(
    *,
    portal: Portal,
    policy: LoginPolicy,
    question: Question,
    lifetime: timedelta,
    method: MethodName = MethodName.PHONE,
) -> LoginAttempt:
    """Opens an attempt that no browser can take part in, and has the method ask the person."""
    attempt = open_attempt(
        portal=portal,
        policy=policy,
        return_to=ReturnAddress(url_name=""),
        # A secret that nobody keeps: no cookie ever opens this attempt's pages.
        browser=Browser(secret=secrets.new_token()),
        is_decoupled=True,
        lifetime=lifetime,
    )
    import_string(settings.DECOUPLED_METHODS[method])(attempt=attempt, question=question)
    return attempt


def decoupled_state(attempt: LoginAttempt) -> AttemptState | None:
    """Where it stands; None when its time is over before it was taken."""
    state = AttemptState(attempt.state)
    is_final = state in {AttemptState.TAKEN, AttemptState.REFUSED}
    return None if not is_final and clock.now() >= attempt.expires_at else state


@transaction.atomic
def finish_decoupled(*, attempt: LoginAttempt) -> SsoSession:
    """Takes the proof once; the session it opens has no browser: its cookie is thrown away."""
    proof = attempt.proof
    if not attempt.is_decoupled or proof is None or not attempt.take(now=clock.now()):
        raise attempt_over()
    check_standing(person_id=proof.person_id)
    session, _cookie_secret = begin_session(proof=proof, previous_secret="")
    return session
