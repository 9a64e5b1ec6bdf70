"""A portal that minds which phone answers: probation, attestation, another phone of the person."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.enrollment.models import ApprovalRequest, Device, PasskeyCredential
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.login.rules.authentication import AuthMode, LoginPolicy
from idp.login.rules.ecps import EcpsPolicy
from idp.login.rules.steps import AttemptState
from idp.sandbox.flows.test_identity import log_in_as
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import PORTAL, Asked, Workstation
from tests.mobileapi.screen import refusal

BOUND = LoginPolicy(ecps=EcpsPolicy.INSTANCE_BOUND)
ATTESTED = LoginPolicy(ecps=EcpsPolicy.ATTESTED)


def ask(person: Person, policy: LoginPolicy) -> Asked:
    station = Workstation()
    return station.ask_phone(person.national_id, station.open_login(policy))


def past_probation(phone: SoftPhone) -> None:
    before = clock.now() - timedelta(hours=24)
    Device.objects.filter(pk=phone.device_id).update(activated_at=before)


def make_hardware(phone: SoftPhone) -> None:
    PasskeyCredential.objects.filter(device_id=phone.device_id).update(
        attested=True, backup_eligible=False
    )


def state_of(asked: Asked) -> str:
    return ApprovalRequest.objects.get(pk=asked.request_id).state


def test_a_new_phone_serves_a_portal_that_accepts_any(person: Person, phone: SoftPhone) -> None:
    asked = ask(person, LoginPolicy())
    phone.approve(asked.request_id, number=asked.number)
    asked.attempt.refresh_from_db()
    assert asked.attempt.proof is not None
    assert asked.attempt.proof.ecps_grade == "plain"
    assert asked.attempt.proof.device == phone.device_id


def test_a_phone_on_probation_is_told_so_and_the_request_ends(
    person: Person, phone: SoftPhone
) -> None:
    asked = ask(person, BOUND)
    error = refusal(phone.challenge, asked.request_id, number=asked.number)
    assert (error.status, error.code) == (403, "phone_on_probation")
    assert AuditRow.objects.get(reference=error.problem["reference"]).data["code"] == error.code
    # Cancelled: it is no alarm, and the login itself stays open for the card.
    assert state_of(asked) == "cancelled"
    asked.attempt.refresh_from_db()
    assert asked.attempt.state == AttemptState.OPEN


@pytest.mark.parametrize("kind", ["phone", "pin_phone"])
def test_past_its_probation_it_is_accepted(
    person: Person, kind: str, request: pytest.FixtureRequest
) -> None:
    phone: SoftPhone = request.getfixturevalue(kind)
    past_probation(phone)
    asked = ask(person, BOUND)
    phone.approve(asked.request_id, number=asked.number)
    asked.attempt.refresh_from_db()
    assert asked.attempt.proof is not None
    assert asked.attempt.proof.ecps_grade == "instance_bound"


def test_a_phone_without_attestation_is_told_so(person: Person, phone: SoftPhone) -> None:
    past_probation(phone)
    asked = ask(person, ATTESTED)
    error = refusal(phone.challenge, asked.request_id, number=asked.number)
    assert (error.status, error.code) == (403, "phone_not_accepted")


def test_a_synced_passkey_is_no_hardware_whatever_it_attests(
    person: Person, phone: SoftPhone
) -> None:
    past_probation(phone)
    PasskeyCredential.objects.filter(device_id=phone.device_id).update(
        attested=True, backup_eligible=True
    )
    asked = ask(person, ATTESTED)
    error = refusal(phone.challenge, asked.request_id, number=asked.number)
    assert error.code == "phone_not_accepted"


def test_attested_hardware_serves_every_portal(person: Person, phone: SoftPhone) -> None:
    past_probation(phone)
    make_hardware(phone)
    asked = ask(person, ATTESTED)
    # As its passkey was registered, so it answers: only the row says that it was attested.
    phone.challenge(asked.request_id, number=asked.number)
    assert state_of(asked) == "number_ok"


def test_a_request_stays_for_the_phone_that_may_answer_it(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    newer = workstation.activate(SoftPhone(Client()))
    past_probation(phone)
    asked = ask(person, BOUND)
    error = refusal(newer.challenge, asked.request_id, number=asked.number)
    assert error.code == "phone_on_probation"
    phone.approve(asked.request_id, number=asked.number)
    assert state_of(asked) == "approved"


def test_the_grade_is_judged_when_the_signature_comes(person: Person, phone: SoftPhone) -> None:
    past_probation(phone)
    asked = ask(person, BOUND)
    (request,) = phone.requests()
    challenge = phone.challenge(asked.request_id, number=asked.number)
    body = phone.approval(request, challenge, number=asked.number)
    Device.objects.filter(pk=phone.device_id).update(activated_at=clock.now())
    error = refusal(phone.signed_call, "POST", f"/requests/{asked.request_id}/approve", body)
    assert error.code == "unmet_authentication_requirements"
    assert state_of(asked) == "number_ok"


def test_without_a_browser_the_portal_is_told_at_once(person: Person, phone: SoftPhone) -> None:
    attempt = login.ask_decoupled(
        portal=PORTAL,
        policy=BOUND,
        question=login.Question(identifier=person.national_id, number="47"),
        lifetime=timedelta(seconds=120),
    )
    (request,) = phone.requests()
    assert refusal(phone.challenge, request["id"], number="47").code == "phone_on_probation"
    attempt.refresh_from_db()
    assert (attempt.state, attempt.refusal_code) == (AttemptState.REFUSED, "access_denied")


def test_the_card_alone_leaves_no_phone_to_choose(person: Person, phone: SoftPhone) -> None:
    station = Workstation()
    attempt = station.open_login(LoginPolicy(ecps=EcpsPolicy.CARD_ONLY))
    page = station.client.get(f"/login/{attempt.pk}")
    assert b"choose-card" in page.content
    assert b"choose-phone" not in page.content
    answer: Any = station.client.post(f"/login/phone/{attempt.pk}", {"login": person.national_id})
    assert answer.status_code == 403
    assert not ApprovalRequest.objects.exists()


def test_a_test_phone_is_refused_by_a_portal_of_the_card_alone(person: Person) -> None:
    attempt = Workstation().open_login(LoginPolicy(ecps=EcpsPolicy.CARD_ONLY))
    Person.objects.filter(pk=person.pk).update(is_test=True)
    with pytest.raises(IdpError) as caught:
        log_in_as(attempt=attempt, national_id=person.national_id, auth_mode=AuthMode.MOBILE)
    assert caught.value.code == "unmet_authentication_requirements"
    log_in_as(attempt=attempt, national_id=person.national_id, auth_mode=AuthMode.CARD)
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.PROVEN


def test_a_removed_phone_takes_its_sessions_along(person: Person, phone: SoftPhone) -> None:
    asked = ask(person, LoginPolicy())
    phone.approve(asked.request_id, number=asked.number)
    asked.attempt.refresh_from_db()
    session, _secret = login.finish(attempt=asked.attempt)
    by_card = SsoSession.objects.exclude(pk=session.pk).get()
    phone.signed_call("DELETE", "/devices/me")
    session.refresh_from_db()
    by_card.refresh_from_db()
    assert session.end_reason == "device revoked"
    assert by_card.ended_at is None


def test_a_removed_phone_takes_the_logins_that_it_proved_along(
    person: Person, phone: SoftPhone
) -> None:
    asked = ask(person, LoginPolicy())
    phone.approve(asked.request_id, number=asked.number)
    phone.signed_call("DELETE", "/devices/me")
    asked.attempt.refresh_from_db()
    assert (asked.attempt.state, asked.attempt.refusal_code) == ("refused", "access_denied")
    with pytest.raises(IdpError, match="attempt_over"):
        login.finish(attempt=asked.attempt)
    assert not SsoSession.objects.filter(device=str(phone.device_id)).exists()
    assert AuditRow.objects.get(event="login_withdrawn").data["reason"] == "device revoked"


def test_a_removed_phone_leaves_the_logins_of_others(person: Person, phone: SoftPhone) -> None:
    by_card = Workstation().open_login()
    log_in_as(attempt=by_card, national_id=person.national_id, auth_mode=AuthMode.CARD)
    phone.signed_call("DELETE", "/devices/me")
    by_card.refresh_from_db()
    assert by_card.state == AttemptState.PROVEN
