"""`/sandbox/requests`: a script answers in the phone's place; nowhere but in the sandbox."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.configuration import Mode
from idp.core import clock, live
from idp.directory.models import Person
from idp.enrollment.flows.people import device_group, request_group
from idp.enrollment.models import ApprovalRequest
from tests.login.conftest import open_one
from tests.people import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


def ask(holder: Person | None, *, is_decoy: bool = True) -> ApprovalRequest:
    """A pending request: of a person without phone (a decoy), unless said otherwise."""
    now = clock.now()
    return ApprovalRequest.objects.create(
        attempt=open_one(),
        holder=holder,
        is_decoy=is_decoy,
        browser_digest=b"b" * 32,
        client_id="portal",
        rp_name="Portail",
        rp_host="portail.example",
        acr="eidas2",
        created_at=now,
        expires_at=now + timedelta(seconds=120),
    )


def answer(request: ApprovalRequest, verb: str) -> Any:
    return Client(enforce_csrf_checks=True).post(f"/sandbox/requests/{request.pk}/{verb}")


def test_pending_requests_of_test_people_are_listed(client: Client, person: Person) -> None:
    request = ask(person)
    listed = client.get("/sandbox/requests").json()["requests"]
    assert [each["id"] for each in listed] == [str(request.pk)]
    assert listed[0]["national_id"] == person.national_id


def test_an_approval_logs_the_person_in_as_mobile_and_marked_test(person: Person) -> None:
    request = ask(person)
    assert answer(request, "approve").json() == {"state": "approved"}
    proof = request.attempt
    proof.refresh_from_db()
    authentication = proof.proof
    assert authentication is not None
    assert (authentication.auth_mode, authentication.amr) == ("MOBILE", ("test",))
    row = AuditRow.objects.get()
    assert (row.is_test, row.evidence) == (True, None)


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_screen_and_phone_learn_of_the_answer(
    person: Person,
    verb: str,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    request = ask(person)
    woken: list[str] = []
    monkeypatch.setattr(live, "_send", woken.extend)
    with django_capture_on_commit_callbacks(execute=True):
        answer(request, verb)
    assert {request_group(request.pk), device_group(person.pk)} <= set(woken)


def test_a_denial_ends_the_attempt_with_access_denied(person: Person) -> None:
    request = ask(person)
    assert answer(request, "deny").json() == {"state": "denied"}
    request.attempt.refresh_from_db()
    assert request.attempt.refusal_code == "access_denied"


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_a_request_is_answered_once(person: Person, verb: str) -> None:
    request = ask(person)
    answer(request, "approve")
    assert answer(request, verb).status_code == 409


def test_a_request_past_its_time_is_over(person: Person) -> None:
    request = ask(person)
    with clock.frozen(request.expires_at):
        assert answer(request, "approve").status_code == 409
    request.attempt.refresh_from_db()
    assert request.attempt.state == "open"


def test_a_request_of_nobody_cannot_be_approved(client: Client) -> None:
    assert answer(ask(None), "approve").status_code == 404
    assert client.post(f"/sandbox/requests/{uuid4()}/approve").status_code == 404


def test_a_real_persons_request_cannot_be_approved(client: Client) -> None:
    request = ask(make_person("810100271385", is_test=False))
    assert answer(request, "approve").status_code == 404
    assert client.get("/sandbox/requests").json() == {"requests": []}


def test_answering_is_not_done_by_a_link(client: Client, person: Person) -> None:
    assert client.get(f"/sandbox/requests/{ask(person).pk}/approve").status_code == 405


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_outside_the_sandbox_nothing_is_answered(person: Person, settings: Any, verb: str) -> None:
    request = ask(person)
    address = reverse(f"sandbox:{verb}", args=[request.pk])
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.HYGIE = replace(
        settings.HYGIE, mode=Mode.PRODUCTION, base_url="https://connexion.example.fr"
    )
    assert Client().post(address).status_code == 404
    assert Client().get("/sandbox/requests").status_code == 404
    request.attempt.refresh_from_db()
    assert request.attempt.state == "open"
