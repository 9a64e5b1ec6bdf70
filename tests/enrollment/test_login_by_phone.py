"""The whole way: enrolment from a card session, then a login approved on the phone."""

from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.enrollment.flows.tokens import qr_token
from idp.login.models import SsoSession
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation


def test_an_enrolled_phone_logs_its_holder_in(workstation: Workstation, phone: SoftPhone) -> None:
    asked = Workstation()
    question = asked.ask_phone("8 9990 0000 011")
    phone.approve(question.request_id, number=question.number)
    response = asked.client.get(question.path)
    assert response["Location"] == reverse("login:finish", args=[question.attempt.pk])
    asked.client.get(response["Location"])
    session = SsoSession.objects.latest("auth_time")
    assert (session.method, session.auth_mode) == ("phone", "MOBILE")
    assert session.amr == ["swk", "user", "pop"]


def test_a_pin_phone_logs_its_holder_in(person: Person, pin_phone: SoftPhone) -> None:
    asked = Workstation()
    question = asked.ask_phone(person.national_id)
    pin_phone.approve(question.request_id, number=question.number)
    question.attempt.refresh_from_db()
    assert question.attempt.proof is not None
    assert question.attempt.proof.amr == ("swk", "pin", "pop")


def test_every_login_leaves_evidence_that_verifies(person: Person, phone: SoftPhone) -> None:
    station = Workstation()
    question = station.ask_phone(person.national_id)
    phone.approve(question.request_id, number=question.number)
    report = verify()
    assert report.first_bad is None
    kinds = set(AuditRow.objects.exclude(evidence=None).values_list("evidence__kind", flat=True))
    assert kinds == {"phone", "phone_enrolment"}


def test_the_phone_shows_who_asks_and_never_the_number(person: Person, phone: SoftPhone) -> None:
    question = Workstation().ask_phone(person.national_id)
    (shown,) = phone.requests()
    assert shown["portal"] == {"name": "Portail Santé", "host": "portail.example"}
    assert shown["browser"] == "Firefox · Windows"
    assert shown["level"] == "eidas2"
    assert question.number not in [str(value) for value in shown.values()]


def test_a_phone_by_itself_says_who_it_is(phone: SoftPhone) -> None:
    me = phone.me()
    assert me["state"] == "active"
    assert me["holder"] == "Dr Camille Lefèvre"
    assert me["kind"] == "passkey"


def test_a_qr_code_enrols_like_a_typed_code(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    phone = SoftPhone(Client())
    digits = phone.enrol(token=qr_token(enrolment.pk))
    assert phone.me()["state"] == "pending"
    assert workstation.confirm(enrolment, digits) == 303
    assert phone.me()["state"] == "active"


@pytest.mark.parametrize(
    ("changes", "policy", "said"),
    [
        ({"left_register_at": "2026-11-01T00:00:00Z"}, {}, "ne vous compte plus"),
        (
            {"practices_ended_on": "2026-11-01"},
            {"refuses_whose_practices_ended": True},
            "n’exercez plus nulle part",
        ),
    ],
)
def test_whom_the_register_bars_meanwhile_approves_nothing(
    person: Person,
    phone: SoftPhone,
    settings: Settings,
    changes: dict[str, str],
    policy: dict[str, bool],
    said: str,
) -> None:
    settings.HYGIE = replace(settings.HYGIE, **policy)
    question = Workstation().ask_phone(person.national_id)
    Person.objects.filter(pk=person.pk).update(**changes)
    with pytest.raises(AssertionError, match=said):
        phone.approve(question.request_id, number=question.number)
    question.attempt.refresh_from_db()
    assert question.attempt.proof is None
