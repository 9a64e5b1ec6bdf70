"""The method "Identité de test": sandbox only, test people only, marked as such everywhere."""

from dataclasses import replace
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.configuration import Mode
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import AuthMode, LoginPolicy
from idp.sandbox.flows.test_identity import log_in_as
from tests.login.conftest import BROWSER, open_one
from tests.people import DOCTOR, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


@pytest.fixture
def visitor() -> Client:
    client = Client()
    client.cookies[django_settings.HYGIE.cookie_name("browser")] = BROWSER.secret
    return client


def address(attempt: LoginAttempt) -> str:
    return reverse("sandbox:test_identity", args=[attempt.pk])


def production(settings: Any) -> None:
    settings.HYGIE = replace(
        settings.HYGIE, mode=Mode.PRODUCTION, base_url="https://connexion.example.fr"
    )


def test_the_page_lists_the_test_people_without_javascript(visitor: Client, person: Person) -> None:
    html = visitor.get(address(open_one())).content.decode()
    assert f'<option value="{DOCTOR}">Dr Camille Lefèvre' in html
    assert "<script" not in html


@pytest.mark.parametrize("mode", ["CARD", "MOBILE"])
def test_the_chosen_person_is_logged_in_and_marked(
    visitor: Client, person: Person, mode: str
) -> None:
    attempt = open_one()
    answer = visitor.post(address(attempt), {"person": DOCTOR, "auth_mode": mode})
    assert (answer.status_code, answer["Location"]) == (
        303,
        reverse("login:finish", args=[attempt.pk]),
    )
    visitor.get(answer["Location"])
    session = SsoSession.objects.get()
    assert (session.person_id, session.auth_mode, session.amr) == (person.pk, mode, ["test"])
    assert session.is_test
    row = AuditRow.objects.get(outcome="accepted")
    assert row.is_test
    assert row.data["method"] == "test"


@pytest.mark.parametrize("typed", ["899900000029", " 8 9990 0000 029", "99900000029"])
def test_another_person_is_typed_as_people_write_identifiers(
    visitor: Client, person: Person, typed: str
) -> None:
    other = make_person("899900000029")
    Person.objects.filter(pk=other.pk).update(source="personne_activite")
    attempt = open_one()
    # One of perhaps millions that were imported: not in the list.
    assert "899900000029" not in visitor.get(address(attempt)).content.decode()
    chosen = {"person": DOCTOR, "other": typed, "auth_mode": "CARD"}
    assert visitor.post(address(attempt), chosen).status_code == 303
    assert AuditRow.objects.get(outcome="accepted").subject == "899900000029"


def test_what_was_typed_wrong_is_said_and_nobody_else_logs_in(
    visitor: Client, person: Person
) -> None:
    attempt = open_one()
    chosen = {"person": DOCTOR, "other": "99900000028", "auth_mode": "CARD"}
    answer = visitor.post(address(attempt), chosen)
    assert answer.status_code == 400
    assert 'data-code="invalid_identifier"' in answer.content.decode()
    attempt.refresh_from_db()
    assert attempt.state == "open"


@pytest.mark.parametrize("chosen", ["", "899900000999", "nobody", "8" * 400])
def test_a_person_who_is_not_in_the_list_is_refused(
    visitor: Client, person: Person, chosen: str
) -> None:
    attempt = open_one()
    answer = visitor.post(address(attempt), {"person": chosen, "auth_mode": "CARD"})
    assert answer.status_code == 400
    assert 'data-code="unknown_test_identity"' in answer.content.decode()
    attempt.refresh_from_db()
    assert attempt.state == "open"
    assert AuditRow.objects.get().outcome == "refused"


def test_a_real_person_cannot_be_a_test_identity(visitor: Client) -> None:
    make_person("810100271385", is_test=False)
    answer = visitor.post(address(open_one()), {"person": "810100271385", "auth_mode": "CARD"})
    assert answer.status_code == 400


def test_an_unknown_auth_mode_is_refused(visitor: Client, person: Person) -> None:
    answer = visitor.post(address(open_one()), {"person": DOCTOR, "auth_mode": "WEBAUTHN"})
    assert answer.status_code == 400
    assert 'data-code="unknown_auth_mode"' in answer.content.decode()


def test_a_level_that_the_identity_does_not_reach_is_refused(
    visitor: Client, person: Person
) -> None:
    attempt = open_one(LoginPolicy(acr_values=("eidas3",)))
    answer = visitor.post(address(attempt), {"person": DOCTOR, "auth_mode": "CARD"})
    assert answer.status_code == 403


def test_the_form_needs_its_own_token(visitor: Client, person: Person) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    assert strict.post(address(open_one()), {"person": DOCTOR}).status_code == 403


def test_outside_the_sandbox_the_page_does_not_exist(visitor: Client, settings: Any) -> None:
    attempt = open_one()
    visitor.cookies["__Host-hygie_browser"] = BROWSER.secret
    production(settings)
    settings.ALLOWED_HOSTS = ["testserver"]
    assert visitor.get(address(attempt)).status_code == 404


def test_outside_the_sandbox_the_flow_refuses(person: Person, settings: Any) -> None:
    attempt = open_one()
    production(settings)
    with pytest.raises(IdpError, match="not_found"):
        log_in_as(attempt=attempt, national_id=DOCTOR, auth_mode=AuthMode.CARD)
    attempt.refresh_from_db()
    assert attempt.state == "open"
