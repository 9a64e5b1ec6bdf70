"""The worker ends what is past its time and forgets what never was."""

from datetime import timedelta

from django.test import Client

from idp.core import clock
from idp.core.purge import purge_expired
from idp.directory.models import Person
from idp.enrollment.flows.tokens import typed_code
from idp.enrollment.models import ApprovalRequest, Device, Enrolment
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation


def test_what_is_past_its_time_is_ended(workstation: Workstation, person: Person) -> None:
    enrolment = workstation.begin_activation()
    SoftPhone(Client()).enrol(code=typed_code(enrolment.pk))
    Workstation().ask_phone(person.national_id)
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        purge_expired()
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.sealed_proof) == ("expired", None)
    assert ApprovalRequest.objects.get().state == "expired"
    assert Device.objects.get().state == "revoked"


def test_a_day_later_only_phones_that_were_active_remain(
    workstation: Workstation, phone: SoftPhone, person: Person
) -> None:
    SoftPhone(Client()).enrol(code=typed_code(workstation.begin_activation().pk))
    Workstation().ask_phone(person.national_id)
    purge_expired()
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        purge_expired()
    with clock.frozen(clock.now() + timedelta(days=2)):
        purge_expired()
    assert not Enrolment.objects.exists()
    assert not ApprovalRequest.objects.exists()
    assert str(Device.objects.get().pk) == phone.device_id


def test_nothing_that_lives_is_touched(
    workstation: Workstation, phone: SoftPhone, person: Person
) -> None:
    enrolment = workstation.begin_activation()
    Workstation().ask_phone(person.national_id)
    purge_expired()
    enrolment.refresh_from_db()
    assert enrolment.state == "waiting"
    assert len(phone.requests()) == 1
