"""A login that a portal's server asks for is approved on the phone exactly as a browser's."""

from datetime import timedelta
from typing import Any

import pytest

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.enrollment.flows.evidence import verify_evidence
from idp.enrollment.models import ApprovalRequest, Device
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import LoginPolicy
from idp.login.rules.steps import AttemptState
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import PORTAL, Workstation
from tests.mobileapi.screen import refusal


def ask(person: Person, **question: str) -> LoginAttempt:
    return login.ask_decoupled(
        portal=PORTAL,
        policy=LoginPolicy(),
        question=login.Question(identifier=person.national_id, **question),
        lifetime=timedelta(seconds=120),
    )


def only_request(phone: SoftPhone) -> dict[str, Any]:
    (request,) = phone.requests()
    return request


def state_of(attempt: LoginAttempt) -> AttemptState | None:
    attempt.refresh_from_db()
    return login.decoupled_state(attempt)


@pytest.mark.parametrize("number", ["00", "07", "99"])
def test_the_portals_digits_are_typed_on_the_phone(
    person: Person, phone: SoftPhone, number: str
) -> None:
    attempt = ask(person, number=number)
    request = only_request(phone)
    assert (request["number_length"], request["binding_message"]) == (2, "")
    phone.approve(request["id"], number=number)
    assert state_of(attempt) is AttemptState.PROVEN
    assert attempt.proof is not None
    assert (attempt.proof.auth_mode, attempt.proof.person_id) == ("MOBILE", person.pk)


def test_a_text_is_quoted_signed_and_kept_as_evidence(person: Person, phone: SoftPhone) -> None:
    attempt = ask(person, message="Ordonnance 12 de Mme Zoé")
    request = only_request(phone)
    assert (request["number_length"], request["binding_message"]) == (
        0,
        "Ordonnance 12 de Mme Zoé",
    )
    phone.approve(request["id"], number="")
    assert state_of(attempt) is AttemptState.PROVEN
    row = AuditRow.objects.get(event="login", data__attempt=str(attempt.pk))
    assert row.evidence is not None
    assert row.evidence["context"]["binding_message"] == "Ordonnance 12 de Mme Zoé"
    verify_evidence(row.evidence)


def test_a_pin_phone_approves_a_text_as_well(person: Person, pin_phone: SoftPhone) -> None:
    attempt = ask(person, message="Ordonnance 12")
    pin_phone.approve(only_request(pin_phone)["id"], number="")
    assert state_of(attempt) is AttemptState.PROVEN


def test_an_approval_of_another_text_than_the_one_asked_is_refused(
    person: Person, phone: SoftPhone
) -> None:
    attempt = ask(person, message="Ordonnance 12")
    request = only_request(phone)
    challenge = phone.challenge(request["id"], number="")
    request["binding_message"] = "Ordonnance 13"
    body = phone.approval(request, challenge, number="")
    path = f"/requests/{request['id']}/approve"
    assert refusal(phone.signed_call, "POST", path, body).code == "bad_signature"
    assert state_of(attempt) is AttemptState.OPEN


def test_without_a_message_nothing_is_typed_and_nothing_is_quoted(
    person: Person, phone: SoftPhone
) -> None:
    attempt = ask(person)
    request = only_request(phone)
    assert (request["number_length"], request["binding_message"]) == (0, "")
    phone.approve(request["id"], number="")
    assert state_of(attempt) is AttemptState.PROVEN


def test_the_portal_is_named_and_no_browser_is(person: Person, phone: SoftPhone) -> None:
    ask(person, number="12")
    request = only_request(phone)
    assert request["portal"] == {"name": PORTAL.name, "host": PORTAL.host}
    assert request["browser"] == ""


@pytest.mark.parametrize("reason", ["changed_mind", "not_me"])
def test_a_refusal_on_the_phone_refuses_the_login(
    person: Person, phone: SoftPhone, reason: str
) -> None:
    attempt = ask(person, message="Ordonnance 12")
    phone.deny(only_request(phone)["id"], reason=reason)
    assert state_of(attempt) is AttemptState.REFUSED
    assert attempt.refusal_code == "access_denied"


@pytest.mark.parametrize("typed", ["13", ""])
def test_a_wrong_number_ends_the_login_since_nothing_else_can_be_tried(
    person: Person, phone: SoftPhone, typed: str
) -> None:
    attempt = ask(person, number="12")
    error = refusal(phone.challenge, only_request(phone)["id"], number=typed)
    assert error.code == "wrong_number"
    assert state_of(attempt) is AttemptState.REFUSED


def test_a_number_where_none_is_asked_is_wrong(person: Person, phone: SoftPhone) -> None:
    ask(person, message="Ordonnance 12")
    error = refusal(phone.challenge, only_request(phone)["id"], number="12")
    assert error.code == "wrong_number"


def test_a_browsers_login_still_needs_its_number(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    assert refusal(phone.challenge, asked.request_id, number="").code == "wrong_number"


def test_a_new_request_of_the_same_portal_takes_the_place_of_the_last(
    person: Person, phone: SoftPhone
) -> None:
    first, second = ask(person, number="12"), ask(person, number="34")
    assert state_of(first) is AttemptState.REFUSED
    phone.approve(only_request(phone)["id"], number="34")
    assert state_of(second) is AttemptState.PROVEN


def test_a_portals_request_does_not_push_a_browsers_aside(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    attempt = ask(person, number="12")
    assert [request["id"] for request in phone.requests()] == [asked.request_id]
    assert ApprovalRequest.objects.get(attempt=attempt).is_decoy
    assert state_of(attempt) is AttemptState.OPEN


def test_revoking_the_phone_ends_what_waits(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    attempt = ask(person, number="12")
    workstation.client.post(f"/mon-ecps/appareils/{phone.device_id}/revoquer")
    assert state_of(attempt) is AttemptState.REFUSED


def test_revoking_the_phone_ends_what_it_approved_before_the_portal_asked(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    attempt = ask(person, number="12")
    phone.approve(only_request(phone)["id"], number="12")
    attempt.refresh_from_db()
    workstation.client.post(f"/mon-ecps/appareils/{phone.device_id}/revoquer")
    # What the portal's poll read before the revocation opens nothing either.
    with pytest.raises(IdpError, match="attempt_over"):
        login.finish_decoupled(attempt=attempt)
    assert state_of(attempt) is AttemptState.REFUSED
    assert attempt.refusal_code == "access_denied"


@pytest.mark.parametrize("late", [0, 30])
def test_a_question_nobody_answered_in_time_keeps_no_phone_alive(
    person: Person, workstation: Workstation, phone: SoftPhone, late: int
) -> None:
    attempt = ask(person, number="12")
    # Its time is over, and the purge has not passed yet.
    with clock.frozen(attempt.expires_at + timedelta(seconds=late)):
        workstation.client.post(f"/mon-ecps/appareils/{phone.device_id}/revoquer")
    assert Device.objects.get().state == "revoked"
    assert ApprovalRequest.objects.get().state == "expired"


def test_a_login_that_ended_a_moment_ago_keeps_no_phone_alive(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    attempt = ask(person, number="12")
    login.refuse(attempt=attempt, code="access_denied")
    workstation.client.post(f"/mon-ecps/appareils/{phone.device_id}/revoquer")
    assert Device.objects.get().state == "revoked"
    assert ApprovalRequest.objects.get().state == "cancelled"
    # The refusal that came too late left no row of its own.
    assert AuditRow.objects.filter(event="login", data__attempt=str(attempt.pk)).count() == 1


def test_a_request_lasts_as_long_as_the_portal_was_told(person: Person, phone: SoftPhone) -> None:
    attempt = ask(person, number="12")
    request = ApprovalRequest.objects.get(attempt=attempt)
    assert request.expires_at == attempt.expires_at
    with clock.frozen(attempt.expires_at):
        assert state_of(attempt) is None
        phone.fetch_nonce()
        assert phone.requests() == []


def test_the_proof_is_taken_once_and_only_without_a_browser(
    person: Person, phone: SoftPhone
) -> None:
    attempt = ask(person)
    phone.approve(only_request(phone)["id"], number="")
    attempt.refresh_from_db()
    session = login.finish_decoupled(attempt=attempt)
    assert session.person == person
    with pytest.raises(Exception, match="terminée"):
        login.finish_decoupled(attempt=attempt)
