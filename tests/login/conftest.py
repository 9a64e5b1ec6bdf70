"""A login attempt of one browser, and the proof of a test doctor."""

import pytest
from django.test import Client as Browser

from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import Device
from idp.login import flows as login
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import (
    Authentication,
    AuthMode,
    LoginPolicy,
    MethodName,
    Portal,
    ReturnAddress,
)
from idp.login.rules.levels import Level
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.people import make_person

BROWSER = login.Browser(secret="b" * 43)
PORTAL = Portal(client_id="portal", name="Portail", host="portail.example")


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


@pytest.fixture
def device(person: Person) -> Device:
    workstation = Workstation()
    workstation.log_in_by_card(person)
    workstation.activate(SoftPhone(Browser()))
    return Device.objects.get()


def open_one(policy: LoginPolicy | None = None) -> LoginAttempt:
    return login.open_attempt(
        portal=PORTAL,
        policy=policy or LoginPolicy(),
        return_to=ReturnAddress(url_name="help", final_url="https://portail.example/callback"),
        browser=BROWSER,
    )


def proof_of(person: Person, *, level: Level = Level.EIDAS2) -> Authentication:
    return Authentication(
        person_id=person.pk,
        national_id=person.national_id,
        method=MethodName.CARD,
        auth_mode=AuthMode.CARD,
        amr=("sc", "pin"),
        level=level,
        at=clock.now(),
        is_test=True,
    )


def session_of(person: Person) -> SsoSession:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    session, _secret = login.finish(attempt=attempt)
    return session


def is_over(session: SsoSession) -> bool:
    session.refresh_from_db()
    return session.ended_at is not None
