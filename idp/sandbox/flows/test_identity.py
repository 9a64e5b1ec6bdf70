"""Logs a chosen test person in, without card or phone: for a portal's own automated tests.

Sandbox mode only: elsewhere this app is not installed, and the flow refuses all the same.
"""

from django.conf import settings
from django.utils.translation import gettext as _

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.find import find_professional
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import Authentication, AuthMode, MethodName
from idp.login.rules.ecps import EcpsGrade
from idp.login.rules.levels import Level


def refuse_outside_sandbox() -> None:
    """The second lock: the first is that this app is not installed in production."""
    if not settings.HYGIE.is_sandbox:
        raise IdpError("not_found", _("Cette page n’existe pas."), status=404)


def level_of(auth_mode: AuthMode) -> Level:
    """A test identity reaches what the means it stands for would reach."""
    hygie = settings.HYGIE
    return Level(hygie.card_level if auth_mode is AuthMode.CARD else hygie.phone_level)


def log_in_as(*, attempt: LoginAttempt, national_id: str, auth_mode: AuthMode) -> None:
    """Proves the attempt for this test person; a person who is not a test person is refused."""
    refuse_outside_sandbox()
    professional = find_professional(identifier=national_id)
    if professional is None or not professional.is_test:
        raise IdpError(
            "unknown_test_identity",
            _("Cette personne de test n’existe pas. Choisissez-en une dans la liste."),
            detail="not a test person",
        )
    login.prove(
        attempt=attempt,
        authentication=Authentication(
            person_id=professional.person_id,
            national_id=professional.national_id,
            method=MethodName.TEST,
            auth_mode=auth_mode,
            amr=("test",),
            level=level_of(auth_mode),
            at=clock.now(),
            is_test=True,
            # It stands for the best of phones: only a portal of the card alone refuses it.
            ecps_grade=None if auth_mode is AuthMode.CARD else EcpsGrade.ATTESTED,
        ),
    )
