"""Constraints of the database: the last gate, whatever the code does."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.flows.requests import Ceremony, ask_holder
from idp.enrollment.models import ApprovalRequest, Device, Enrolment
from idp.enrollment.rules.states import DeviceState, RequestState
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation


def test_unknown_states_cannot_be_written(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    Workstation().ask_phone(person.national_id)
    for rows in (Device.objects, Enrolment.objects, ApprovalRequest.objects):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(state="perhaps")


def test_a_phone_cannot_be_active_without_an_activation(phone: SoftPhone) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.update(activated_at=None)


def test_two_requests_cannot_wait_for_one_person(person: Person, phone: SoftPhone) -> None:
    for _nth in range(2):
        Workstation().ask_phone(person.national_id)
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalRequest.objects.update(is_decoy=False)


def test_a_real_request_has_a_holder(person: Person) -> None:
    nobody = "899900000029"
    ask_holder(attempt=Workstation().open_login(), identifier=nobody, ceremony=Ceremony())
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalRequest.objects.update(is_decoy=False)


def test_two_activations_cannot_be_open_for_one_person(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    enrolment.pk, enrolment.code_digest = uuid4(), b"x" * 32
    with pytest.raises(IntegrityError), transaction.atomic():
        enrolment.save(force_insert=True)


def test_moves_follow_the_tables(person: Person, phone: SoftPhone) -> None:
    Workstation().ask_phone(person.national_id)
    request, now = ApprovalRequest.objects.get(), clock.now()
    assert not request.move(RequestState.APPROVED, now=now)
    assert not request.move(RequestState.DENIED, now=now + timedelta(seconds=121))
    assert request.move(RequestState.DENIED, now=now)
    assert not request.move(RequestState.NUMBER_OK, now=now)
    device = Device.objects.get()
    assert device.move(DeviceState.REVOKED)
    for target in DeviceState:
        assert not device.move(target)
