"""How often a holder is asked: limits of facts that a deployment sets, held by the database."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.conf import LazySettings

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import ApprovalRequest
from tests.emulators.phones import SoftPhone
from tests.emulators.transport import RefusedError
from tests.emulators.workstation import Asked, Workstation


def request_of(asked: Asked) -> ApprovalRequest:
    return ApprovalRequest.objects.get(pk=asked.request_id)


def report(phone: SoftPhone, asked: Asked) -> None:
    phone.deny(asked.request_id, reason="not_me")


@pytest.fixture
def two_unanswered(settings: LazySettings) -> None:
    settings.HYGIE = replace(settings.HYGIE, phone_requests_per_holder=2)


@pytest.mark.usefixtures("two_unanswered")
def test_a_phone_is_not_bombed(person: Person, phone: SoftPhone) -> None:
    station = Workstation()
    asked = [request_of(station.ask_phone(person.national_id)) for _nth in range(3)]
    assert [request.is_decoy for request in asked] == [False, False, True]
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert not request_of(Workstation().ask_phone(person.national_id)).is_decoy


@pytest.mark.usefixtures("two_unanswered")
def test_an_approval_ends_the_count(person: Person, phone: SoftPhone) -> None:
    for _nth in range(4):
        asked = Workstation().ask_phone(person.national_id)
        phone.approve(asked.request_id, number=asked.number)


@pytest.mark.parametrize("alarm", ["wrong number", "not me"])
def test_after_three_alarms_the_phone_is_left_in_peace_for_an_hour(
    person: Person, phone: SoftPhone, settings: LazySettings, alarm: str
) -> None:
    settings.HYGIE = replace(settings.HYGIE, phone_alarms_per_holder=3)
    for _nth in range(3):
        asked = Workstation().ask_phone(person.national_id)
        assert not request_of(asked).is_decoy
        if alarm == "not me":
            report(phone, asked)
        else:
            with pytest.raises(RefusedError):
                phone.challenge(asked.request_id, number=asked.wrong_number)
    later = Workstation().ask_phone(person.national_id)
    assert request_of(later).is_decoy
    row = AuditRow.objects.filter(event="phone_request").latest("id")
    assert row.data["code"] == "too_many_alarms"
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        assert not request_of(Workstation().ask_phone(person.national_id)).is_decoy


def test_after_a_refusal_the_phone_is_left_in_peace_for_a_while(
    person: Person, phone: SoftPhone, settings: LazySettings
) -> None:
    quiet = replace(settings.HYGIE.lifetimes, phone_denial_quiet=timedelta(minutes=5))
    settings.HYGIE = replace(settings.HYGIE, lifetimes=quiet)
    begun = clock.now()
    # Late in its life: the peace begins with the refusal, not with the question.
    asked = Workstation().ask_phone(person.national_id)
    with clock.frozen(begun + timedelta(seconds=100)):
        phone.fetch_nonce()
        phone.deny(asked.request_id)
    for seconds, is_decoy in ((100 + 299, True), (100 + 301, False)):
        with clock.frozen(begun + timedelta(seconds=seconds)):
            assert request_of(Workstation().ask_phone(person.national_id)).is_decoy is is_decoy
    assert why_decoys() == ["just_refused"]


def test_after_two_refusals_only_the_card_opens_the_phone_again(
    person: Person, phone: SoftPhone, settings: LazySettings
) -> None:
    settings.HYGIE = replace(settings.HYGIE, phone_denials_per_holder=2)
    for _nth in range(2):
        phone.deny(Workstation().ask_phone(person.national_id).request_id)
    assert request_of(Workstation().ask_phone(person.national_id)).is_decoy
    assert why_decoys() == ["refused_repeatedly"]
    Workstation().log_in_by_card(person)
    assert not request_of(Workstation().ask_phone(person.national_id)).is_decoy


def test_a_reported_browser_reaches_no_phone_for_a_day(
    person: Person, phone: SoftPhone, settings: LazySettings
) -> None:
    block = replace(settings.HYGIE.lifetimes, phone_report_block=timedelta(hours=24))
    settings.HYGIE = replace(settings.HYGIE, lifetimes=block)
    theirs = Workstation()
    report(phone, theirs.ask_phone(person.national_id))
    assert request_of(theirs.ask_phone(person.national_id)).is_decoy
    assert why_decoys() == ["reported"]
    # The holder's own browser is another one.
    assert not request_of(Workstation().ask_phone(person.national_id)).is_decoy
    with clock.frozen(clock.now() + timedelta(hours=24, seconds=1)):
        assert not request_of(theirs.ask_phone(person.national_id)).is_decoy


def test_ten_questions_a_day_without_an_approval_are_enough(
    person: Person, phone: SoftPhone, settings: LazySettings
) -> None:
    settings.HYGIE = replace(settings.HYGIE, phone_requests_per_day=2)
    station = Workstation()
    decoys = [request_of(station.ask_phone(person.national_id)).is_decoy for _nth in range(3)]
    assert decoys == [False, False, True]
    assert why_decoys() == ["too_many_today"]


def why_decoys() -> list[str]:
    rows = AuditRow.objects.filter(event="phone_request", outcome="refused").order_by("id")
    return [row.data["code"] for row in rows]
