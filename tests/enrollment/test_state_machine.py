"""Requests and phones in any order: what must hold whatever people, attackers and time do.

Each example is a story of its own in a savepoint; the real flows run over the real API.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.flows import devices
from idp.enrollment.models import ApprovalRequest, Device
from idp.enrollment.rules.states import OPEN_REQUESTS, DeviceState, RequestState
from idp.login.models import LoginAttempt
from idp.login.rules.steps import AttemptState
from tests.emulators.phones import SoftPhone
from tests.emulators.transport import RefusedError
from tests.emulators.workstation import Workstation
from tests.people import make_person

FINAL = frozenset(map(str, RequestState)) - frozenset(map(str, OPEN_REQUESTS))
STORIES, CHAPTERS = 15, 30
WHICH = st.integers(min_value=0, max_value=99)


@dataclass(slots=True)
class Question:
    """What a screen and the phones know of a request."""

    request_id: str
    number: str
    # Bodies that phones sent to /approve, to be sent again.
    sent: list[tuple[SoftPhone, dict[str, Any]]] = field(default_factory=list)


class Story(RuleBasedStateMachine):
    """Two holders, three phones, browsers that know them; questions in every state."""

    def __init__(self) -> None:
        super().__init__()
        cache.clear()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.frozen = ExitStack()
        self.now: datetime = clock.now()
        self.pass_time(timedelta(0))
        self.people = [make_person(), make_person("899900000045", family_name="Le Goff")]
        self.phones = [self._activated(self.people[nth]) for nth in (0, 0, 1)]
        self.questions: list[Question] = []
        self.ends: dict[str, str] = {}

    def teardown(self) -> None:
        self.frozen.close()
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    def pass_time(self, span: timedelta) -> None:
        self.frozen.close()
        self.now += span
        self.frozen.enter_context(clock.frozen(self.now))

    def _activated(self, person: Person) -> SoftPhone:
        station = Workstation()
        station.log_in_by_card(person)
        return station.activate(SoftPhone(Client()))

    def _phone(self, which: int) -> SoftPhone:
        return self.phones[which % len(self.phones)]

    def _question(self, which: int) -> Question:
        return self.questions[which % len(self.questions)]

    def _tried(self, work: Callable[[], object]) -> bool:
        """Whether it was accepted; a refusal is an answer, anything else a defect."""
        cache.clear()  # rate windows are not what this story is about
        try:
            work()
        except RefusedError as error:
            if error.status >= 500:
                raise
            return False
        return True

    # --- what people do -----------------------------------------------------------------------
    @rule(who=st.sampled_from([0, 1]))
    def ask(self, who: int) -> None:
        cache.clear()
        asked = Workstation().ask_phone(self.people[who].national_id)
        self.questions.append(Question(request_id=asked.request_id, number=asked.number))

    @rule(which=WHICH)
    def scan(self, which: int) -> None:
        shown = Workstation().show_code()
        found: list[dict[str, Any]] = []
        phone = self._phone(which)
        if self._tried(lambda: found.append(phone.scan(token=shown.token))):
            self.questions.append(Question(request_id=found[0]["id"], number=""))

    @precondition(lambda self: self.questions)
    @rule(which=WHICH, phone=WHICH)
    def approve(self, which: int, phone: int) -> None:
        question, holder = self._question(which), self._phone(phone)

        def work() -> None:
            shown = [one for one in holder.requests() if one["id"] == question.request_id]
            if not shown:
                # Somebody else's, or over: the id alone must not be enough.
                holder.challenge(question.request_id, number=question.number)
                raise AssertionError("a request that is not shown was answered")
            challenge = holder.challenge(question.request_id, number=question.number)
            body = holder.approval(shown[0], challenge, number=question.number)
            question.sent.append((holder, body))
            holder.signed_call("POST", f"/requests/{question.request_id}/approve", body)

        self._tried(work)

    @precondition(lambda self: any(each.sent for each in self.questions))
    @rule(which=WHICH)
    def send_an_approval_again(self, which: int) -> None:
        sent = [(each, *one) for each in self.questions for one in each.sent]
        question, phone, body = sent[which % len(sent)]
        path = f"/requests/{question.request_id}/approve"
        assert not self._tried(lambda: phone.signed_call("POST", path, body))

    @precondition(lambda self: self.questions)
    @rule(which=WHICH, phone=WHICH)
    def type_a_wrong_number(self, which: int, phone: int) -> None:
        question, holder = self._question(which), self._phone(phone)
        wrong = "9" * len(question.number) if set(question.number) != {"9"} else "11"
        assert not self._tried(lambda: holder.challenge(question.request_id, number=wrong or "12"))

    @precondition(lambda self: self.questions)
    @rule(which=WHICH, phone=WHICH, reason=st.sampled_from(["changed_mind", "not_me"]))
    def refuse(self, which: int, phone: int, reason: str) -> None:
        question, holder = self._question(which), self._phone(phone)
        shown: list[dict[str, Any]] = []
        if not self._tried(lambda: shown.extend(holder.requests())):
            return
        mine = [one for one in shown if one["id"] == question.request_id]
        if mine:
            path = f"/requests/{question.request_id}/deny"
            assert self._tried(
                lambda: holder.signed_call("POST", path, holder.denial(mine[0], reason))
            )

    @rule(which=WHICH)
    def remove_a_phone(self, which: int) -> None:
        phone = self._phone(which)
        device = Device.objects.get(pk=phone.device_id)
        devices.revoke(device_id=device.pk, person_id=device.holder_id, by="the story")
        assert not self._tried(phone.requests)
        if all(Device.objects.get(pk=each.device_id).state == "revoked" for each in self.phones):
            self.phones = [self._activated(person) for person in self.people]

    @rule(seconds=st.sampled_from([1, 30, 60, 125, 400]))
    def wait(self, seconds: int) -> None:
        self.pass_time(timedelta(seconds=seconds))

    # --- what holds ---------------------------------------------------------------------------
    @invariant()
    def what_is_over_stays_as_it_ended(self) -> None:
        for pk, state in ApprovalRequest.objects.filter(state__in=FINAL).values_list("pk", "state"):
            assert self.ends.setdefault(str(pk), state) == state

    @invariant()
    def one_question_waits_for_one_person(self) -> None:
        waiting = ApprovalRequest.objects.filter(
            state__in=sorted(OPEN_REQUESTS), is_decoy=False, expires_at__gt=clock.now()
        )
        holders = list(waiting.values_list("holder", flat=True))
        assert len(holders) == len(set(holders))

    @invariant()
    def each_approval_proved_one_login_and_each_proof_was_approved(self) -> None:
        approved = ApprovalRequest.objects.filter(state=RequestState.APPROVED)
        rows = AuditRow.objects.filter(event="login", outcome="accepted", data__method="phone")
        proven = LoginAttempt.objects.filter(
            state__in=[AttemptState.PROVEN, AttemptState.REFUSED], approvals__in=approved
        )
        logins = [row.data["attempt"] for row in rows]
        assert len(logins) == len(set(logins)) == approved.count() == proven.count()
        for row in rows:
            assert row.evidence is not None
            assert row.evidence["context"]["device_id"] == row.data["device"]

    @invariant()
    def nobody_approves_for_somebody_else(self) -> None:
        for request in ApprovalRequest.objects.filter(state=RequestState.APPROVED):
            assert request.device is not None
            assert request.device.holder_id == request.holder_id

    @invariant()
    def a_decoy_reaches_nobody(self) -> None:
        decoys = ApprovalRequest.objects.filter(is_decoy=True)
        assert not decoys.exclude(device=None).exists()
        assert not decoys.filter(state__in=["approved", "denied", "reported", "failed"]).exists()

    @invariant()
    def a_removed_phone_has_no_login_under_way(self) -> None:
        removed = Device.objects.filter(state=DeviceState.REVOKED).values_list("pk", flat=True)
        alive = LoginAttempt.objects.filter(state=AttemptState.PROVEN)
        vouched = {attempt.proof.device for attempt in alive if attempt.proof}
        assert not vouched & set(map(str, removed))


@pytest.mark.django_db
def test_no_story_breaks_what_must_hold() -> None:
    run_state_machine_as_test(
        Story,
        settings=settings(
            max_examples=STORIES,
            stateful_step_count=CHAPTERS,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
