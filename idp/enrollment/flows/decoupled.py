"""Asks a holder's phones for a login without a browser (`settings.DECOUPLED_METHODS`)."""

from idp.enrollment.flows.requests import Ceremony, ask_holder
from idp.login import flows as login
from idp.login.models import LoginAttempt


def ask_phone(*, attempt: LoginAttempt, question: login.Question) -> None:
    """One request on the phone, as for a browser's login; a decoy where nobody can be asked."""
    ask_holder(
        attempt=attempt,
        identifier=question.identifier,
        ceremony=Ceremony(message=question.message, number=question.number),
    )
