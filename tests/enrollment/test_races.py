"""Two at once, in real threads with connections of their own: one wins, whatever the database."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.enrollment.flows.tokens import typed_code
from idp.enrollment.models import ApprovalRequest, Device, PinKey
from tests.emulators.phones import SoftPhone
from tests.emulators.transport import Answer
from tests.emulators.workstation import Workstation
from tests.people import make_person

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE, FIFTY = 8, 50


@pytest.fixture
def person(transactional_db: None) -> Person:
    return make_person()


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Runs the calls in threads that start together; their results, in order."""
    results: list[Any] = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def run(index: int) -> None:
        try:
            start.wait(timeout=10)
            results[index] = calls[index]()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def codes(answers: list[Answer]) -> Counter[str]:
    return Counter("ok" if answer.status < 300 else answer.body["code"] for answer in answers)


def test_of_parallel_approvals_one_counts(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    (request,) = phone.requests()
    challenge = phone.challenge(asked.request_id, number=asked.number)
    body = phone.approval(request, challenge, number=asked.number)
    path = f"/requests/{asked.request_id}/approve"
    answers = at_once([lambda: phone.send_signed("POST", path, body)] * FIFTY)
    assert codes(answers) == {"ok": 1, "request_over": FIFTY - 1}
    assert AuditRow.objects.filter(event="login", evidence__kind="phone").count() == 1


def test_approval_and_refusal_at_once_leave_one_decision(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    (request,) = phone.requests()
    challenge = phone.challenge(asked.request_id, number=asked.number)
    approval = phone.approval(request, challenge, number=asked.number)
    denial = phone.denial(request, "not_me")
    path = f"/requests/{asked.request_id}"
    answers = at_once(
        [
            lambda: phone.send_signed("POST", f"{path}/approve", approval),
            lambda: phone.send_signed("POST", f"{path}/deny", denial),
        ]
    )
    assert codes(answers) == {"ok": 1, "request_over": 1}


def test_parallel_wrong_pins_are_all_counted(person: Person, pin_phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    (request,) = pin_phone.requests()
    challenge = pin_phone.challenge(asked.request_id, number=asked.number)
    body = pin_phone.approval(request, challenge, number=asked.number, pin="000000")
    path = f"/requests/{asked.request_id}/approve"
    answers = at_once([lambda: pin_phone.send_signed("POST", path, body)] * AT_ONCE)
    # The nonce serves one try: the others are turned away before the PIN is looked at.
    assert codes(answers) == {"wrong_pin": 1, "challenge_needed": AT_ONCE - 1}
    assert PinKey.objects.get().tries == 1


def test_of_parallel_claims_one_counts(workstation: Workstation) -> None:
    code = typed_code(workstation.begin_activation().pk)

    def claim() -> Answer:
        phone = SoftPhone(Client())
        body = b'{"code": "%s"}' % code.encode()
        return phone.transport.send("POST", "/api/v1/enrolments/claim", {}, body)

    assert codes(at_once([claim] * AT_ONCE)) == {"ok": 1, "already_claimed": AT_ONCE - 1}


def test_of_parallel_requests_one_reaches_the_phone(person: Person, phone: SoftPhone) -> None:
    stations = [Workstation() for _nth in range(AT_ONCE)]
    at_once([lambda s=s: s.ask_phone(person.national_id) for s in stations])  # type: ignore[misc]
    assert ApprovalRequest.objects.count() == AT_ONCE
    assert ApprovalRequest.objects.filter(is_decoy=False).count() == 1


def test_a_double_click_on_confirm_activates_once(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    digits = SoftPhone(Client()).enrol(code=typed_code(enrolment.pk))
    statuses = at_once([lambda: workstation.confirm(enrolment, digits)] * 4)
    assert statuses == [303] * 4
    assert Device.objects.get().state == "active"
    assert AuditRow.objects.filter(event="device_activated").count() == 1


def test_a_double_click_on_activate_leaves_one_open(workstation: Workstation) -> None:
    enrolments = at_once([workstation.begin_activation] * 4)
    for enrolment in enrolments:
        enrolment.refresh_from_db()
    assert Counter(one.state for one in enrolments) == {"waiting": 1, "cancelled": 3}
