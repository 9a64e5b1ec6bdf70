"""Which phones a portal lets in: registered by the operator, held at every way in."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from idp.directory.models import Person
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import AuthMode, MethodName
from idp.login.rules.ecps import EcpsGrade, EcpsPolicy
from idp.oidc.models import Client
from idp.oidc.rules.ciba_request import CIBA_GRANT
from tests.oidc.ciba import Asker, refusal_of, register
from tests.oidc.portal import Portal, parameters_of

pytestmark = pytest.mark.django_db
REDIRECT = ("--redirect-uri", "https://portail.example/callback")


def add(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("client", "add", "Portail", *REDIRECT, *words, stdout=out)
    shown: dict[str, Any] = json.loads(out.getvalue())
    return shown


def by_phone(grade: EcpsGrade) -> dict[str, Any]:
    return {"method": MethodName.PHONE, "auth_mode": AuthMode.MOBILE, "ecps_grade": grade}


@pytest.mark.parametrize("policy", list(EcpsPolicy))
def test_the_operator_chooses_and_sees_the_policy(policy: EcpsPolicy) -> None:
    shown = add("--ecps-policy", policy)
    assert shown["ecps_policy"] == policy
    assert Client.objects.get(client_id=shown["client_id"]).phones_accepted is policy


def test_any_phone_is_the_default() -> None:
    assert add()["ecps_policy"] == "any"


def test_a_portal_of_the_card_alone_cannot_ask_the_phone() -> None:
    with pytest.raises(CommandError, match="no phone to ask"):
        add("--ecps-policy", "card_only", "--grant", CIBA_GRANT)


def test_the_login_carries_the_policy_of_the_portal(portal: Portal) -> None:
    register(portal.client, ecps_policy="attested")
    portal.ask()
    assert LoginAttempt.objects.get().login_policy.ecps is EcpsPolicy.ATTESTED


@pytest.mark.parametrize(
    ("policy", "grade", "is_reused"),
    [
        ("any", EcpsGrade.PLAIN, True),
        ("instance_bound", EcpsGrade.PLAIN, False),
        ("instance_bound", EcpsGrade.INSTANCE_BOUND, True),
        ("attested", EcpsGrade.INSTANCE_BOUND, False),
        ("card_only", EcpsGrade.ATTESTED, False),
    ],
)
def test_a_session_opened_by_a_phone_is_judged_like_a_login(
    portal: Portal, doctor: Person, policy: str, grade: EcpsGrade, is_reused: bool
) -> None:
    portal.log_in(portal.ask(), doctor, **by_phone(grade))
    register(portal.client, ecps_policy=policy)
    again = portal.ask()
    assert ("/login/" not in again["Location"]) is is_reused
    silent = parameters_of(portal.ask(prompt="none"))
    assert ("code" in silent) is is_reused
    assert is_reused or silent["error"] == "login_required"


def test_a_session_opened_by_card_serves_every_portal(portal: Portal, doctor: Person) -> None:
    portal.log_in(portal.ask(), doctor)
    register(portal.client, ecps_policy="card_only")
    assert "code" in parameters_of(portal.ask(prompt="none"))


def test_the_card_after_the_phone_makes_the_session_one_of_the_card(
    portal: Portal, doctor: Person
) -> None:
    portal.log_in(portal.ask(), doctor, **by_phone(EcpsGrade.PLAIN))
    register(portal.client, ecps_policy="card_only")
    portal.log_in(portal.ask(), doctor)
    assert "code" in parameters_of(portal.ask(prompt="none"))


def test_a_portal_that_turned_to_the_card_alone_asks_no_phone(portal: Portal) -> None:
    asker = Asker(portal)
    register(portal.client, ecps_policy="card_only")
    assert refusal_of(asker.ask()) == (400, "unmet_authentication_requirements")
