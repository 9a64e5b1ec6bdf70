"""« En tant que »: a portal may ask which of several practices a person logs in for."""

import json
from io import StringIO
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.directory.flows.import_register import import_register
from idp.directory.models import Person
from idp.directory.rules.practices import practices_of
from idp.directory.rules.professional import Professional
from idp.login.models import LoginAttempt, PracticeChoice, SsoSession
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client, Grant
from tests.directory.register import SANDBOX_FILE
from tests.oidc.portal import Portal, parameters_of, prove

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people(db: None) -> None:
    import_register(path=SANDBOX_FILE, test_identities=True)


@pytest.fixture
def asking(portal: Portal) -> Portal:
    Client.objects.filter(pk=portal.client.pk).update(practice_choice=True)
    forget_client(portal.client.client_id)
    return portal


def person(national_id: str) -> Person:
    return Person.objects.get(national_id=national_id)


# A midwife in a cabinet, who is a nurse in a clinic too.
TWO, ONE, NONE = "899900000102", "899900000045", "899900000201"


def keys_of(national_id: str) -> list[str]:
    professional = Professional.from_snapshot(person(national_id).snapshot)
    return [each.key for each in practices_of(professional)]


def proven(portal: Portal, national_id: str) -> str:
    """The address of the login's end."""
    attempt_id = urlsplit(portal.ask()["Location"]).path.rsplit("/", 1)[1]
    attempt = LoginAttempt.objects.get(pk=attempt_id)
    prove(attempt, person(national_id))
    return reverse("login:finish", args=[attempt.pk])


def choose(portal: Portal, national_id: str, key: str) -> dict[str, Any]:
    """A whole login with this choice: the token response."""
    finished = portal.browser.post(proven(portal, national_id), {"practice": key})
    code = parameters_of(portal.browser.get(finished["Location"]))["code"]
    answer: dict[str, Any] = portal.redeem(code).json()
    return answer


def test_the_page_comes_between_proof_and_session(asking: Portal) -> None:
    page = asking.browser.get(proven(asking, TWO))
    html = page.content.decode()
    assert page.status_code == 200
    assert "CABINET DE MME GARCON SAGE-FEMME" in html
    assert html.count('type="radio"') == 2
    assert "Infirmier" in html
    assert "Cabinet individuel" in html
    assert not SsoSession.objects.exists()
    assert " checked" not in html


@pytest.mark.parametrize("which", [0, 1])
def test_the_claims_begin_with_the_chosen_practice(asking: Portal, which: int) -> None:
    tokens = choose(asking, TWO, keys_of(TWO)[which])
    claims = asking.userinfo(tokens["access_token"]).json()
    expected = [
        ("CABINET DE MME GARCON SAGE-FEMME", "50", "SA07"),
        ("CLINIQUE DU PARC-QUI-N'EXISTE-PAS", "60", "SA04"),
    ][which]
    told = (
        claims["SubjectOrganization"],
        claims["SubjectRole"][0].partition("^")[0],
        claims["Secteur_Activite"].partition("^")[0],
    )
    assert told == expected
    # All of it is sent, as Pro Santé Connect does: the chosen one first.
    assert len(claims["SubjectRefPro"]["exercices"]) == 2
    assert claims["SubjectRefPro"]["exercices"][0]["codeProfession"] == expected[1]
    # And after a refresh.
    again = asking.refresh(tokens["refresh_token"]).json()
    assert asking.userinfo(again["access_token"]).json() == claims


def test_userinfo_stays_one_look_up(asking: Portal) -> None:
    tokens = choose(asking, TWO, keys_of(TWO)[1])
    asking.userinfo(tokens["access_token"])
    with CaptureQueriesContext(connection) as captured:
        assert asking.userinfo(tokens["access_token"]).status_code == 200
    assert len(captured) == 1


def test_the_audit_log_says_for_which_practice(asking: Portal) -> None:
    choose(asking, TWO, keys_of(TWO)[1])
    row = AuditRow.objects.filter(event="authorize").latest("pk")
    assert (row.data["practice"], row.data["structure"]) == (keys_of(TWO)[1], "F0B0901029")


def test_the_last_choice_is_first_and_chosen_already(asking: Portal) -> None:
    choose(asking, TWO, keys_of(TWO)[1])
    asking.browser.cookies.clear()
    html = asking.browser.get(proven(asking, TWO)).content.decode()
    first, second = (html.index(f'value="{key}"') for key in reversed(keys_of(TWO)))
    assert first < second
    assert f'value="{keys_of(TWO)[1]}" required checked' in html


def test_it_is_remembered_for_this_portal_alone(asking: Portal) -> None:
    choose(asking, TWO, keys_of(TWO)[1])
    choice = PracticeChoice.objects.get()
    assert (choice.client_id, choice.person.national_id) == (asking.client.client_id, TWO)
    other = Client.objects.get(pk=asking.client.pk)
    other.pk, other.client_id = None, "other"
    other.save()
    elsewhere = Portal(other, browser=asking.browser)
    # Its session is open, and yet it asks: nothing was chosen here.
    assert "/login/" in elsewhere.ask()["Location"]
    assert parameters_of(elsewhere.ask(prompt="none"))["error"] == "interaction_required"


def test_an_open_session_goes_on_with_the_remembered_choice(asking: Portal) -> None:
    choose(asking, TWO, keys_of(TWO)[1])
    assert "code" in parameters_of(asking.ask())
    assert Grant.objects.latest("created_at").practice == keys_of(TWO)[1]
    assert "code" in parameters_of(asking.ask(prompt="none"))


def test_a_choice_that_the_register_ended_is_asked_for_again(asking: Portal) -> None:
    tokens = choose(asking, TWO, keys_of(TWO)[1])
    PracticeChoice.objects.update(practice="0" * 32)
    Grant.objects.update(practice="0" * 32)
    assert "/login/" in asking.ask()["Location"]
    # What was issued goes on with the order of the register.
    claims = asking.userinfo(tokens["access_token"]).json()
    assert claims["SubjectOrganization"] == "CABINET DE MME GARCON SAGE-FEMME"


@pytest.mark.parametrize("national_id", [ONE, NONE])
def test_who_has_no_choice_is_not_asked(asking: Portal, national_id: str) -> None:
    assert asking.browser.get(proven(asking, national_id)).status_code == 303
    assert not PracticeChoice.objects.exists()


def test_portals_ask_nothing_by_default(portal: Portal) -> None:
    assert portal.browser.get(proven(portal, TWO)).status_code == 303


@pytest.mark.parametrize("key", ["", "0" * 32, "' OR 1=1", "x" * 5000])
def test_what_is_no_practice_of_theirs_opens_no_session(asking: Portal, key: str) -> None:
    page = asking.browser.post(proven(asking, TWO), {"practice": key, "practice-form": "1"})
    assert page.status_code == 400
    assert 'id="practice-empty"' in page.content.decode()
    assert not SsoSession.objects.exists()


def test_nor_does_another_persons(asking: Portal) -> None:
    finish = proven(asking, TWO)
    assert asking.browser.post(finish, {"practice": keys_of(ONE)[0]}).status_code == 400
    assert not SsoSession.objects.exists()


def test_asked_about_another_session_first_then_about_the_practice(asking: Portal) -> None:
    asking.browser.get(proven(asking, ONE))
    # Both portals of this browser share the session: another card comes.
    attempt_id = urlsplit(asking.ask(prompt="login")["Location"]).path.rsplit("/", 1)[1]
    attempt = LoginAttempt.objects.get(pk=attempt_id)
    prove(attempt, person(TWO))
    finish = reverse("login:finish", args=[attempt.pk])
    assert 'data-asks="other-person"' in asking.browser.get(finish).content.decode()
    page = asking.browser.post(finish, {"continue": "yes"})
    assert page.status_code == 200
    assert 'id="practice-form"' in page.content.decode()
    assert asking.browser.post(finish, {"practice": keys_of(TWO)[0]}).status_code == 303


def test_the_operator_chooses_it_and_sees_it() -> None:
    out = StringIO()
    redirect = ("--redirect-uri", "https://portail.example/callback")
    call_command("client", "add", "Portail", *redirect, "--practice-choice", stdout=out)
    shown = json.loads(out.getvalue())
    assert shown["practice_choice"] is True
    assert Client.objects.get(client_id=shown["client_id"]).practice_choice
