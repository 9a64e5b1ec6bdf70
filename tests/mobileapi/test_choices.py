"""« One of three numbers », as Pro Santé Connect has it: off, weaker, and said to be so."""

from dataclasses import replace
from typing import Any

import pytest

from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.enrollment.models import ApprovalRequest
from idp.enrollment.rules.codes import choices_around
from tests.emulators.phones import SoftPhone
from tests.emulators.transport import RefusedError
from tests.emulators.workstation import Workstation


@pytest.fixture
def chosen(settings: Any) -> None:
    settings.HYGIE = replace(settings.HYGIE, number_choices=True)


def test_it_is_off(person: Person, phone: SoftPhone) -> None:
    Workstation().ask_phone(person.national_id)
    (shown,) = phone.requests()
    assert (shown["choices"], shown["means"]) == ([], "")


@pytest.mark.usefixtures("chosen")
def test_the_number_is_among_three_and_says_so_in_what_is_signed(
    person: Person, phone: SoftPhone
) -> None:
    asked = Workstation().ask_phone(person.national_id)
    (shown,) = phone.requests()
    assert asked.number in shown["choices"]
    assert len(set(shown["choices"])) == 3
    # Asked again, the same three: what differs would be the right one.
    assert phone.requests()[0]["choices"] == shown["choices"]
    phone.approve(asked.request_id, number=asked.number)
    row = AuditRow.objects.get(event="login", data__method="phone")
    assert row.evidence is not None
    assert row.evidence["context"]["means"] == "choice"
    assert verify().first_bad is None


@pytest.mark.usefixtures("chosen")
def test_a_wrong_choice_ends_the_request_and_six_digits_are_typed_then(
    person: Person, phone: SoftPhone
) -> None:
    asked = Workstation().ask_phone(person.national_id)
    (shown,) = phone.requests()
    wrong = next(each for each in shown["choices"] if each != asked.number)
    with pytest.raises(RefusedError) as caught:
        phone.challenge(asked.request_id, number=wrong)
    assert caught.value.code == "wrong_number"
    again = Workstation().ask_phone(person.national_id)
    (typed,) = phone.requests()
    assert (typed["choices"], typed["number_length"]) == ([], 6)
    phone.approve(again.request_id, number=again.number)


@pytest.mark.usefixtures("chosen")
def test_a_refusal_is_signed_with_it_too(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    phone.deny(asked.request_id)
    assert ApprovalRequest.objects.get().state == "denied"


@pytest.mark.usefixtures("chosen")
def test_a_code_that_was_read_needs_no_choice(person: Person, phone: SoftPhone) -> None:
    scanned = phone.scan(token=Workstation().show_code().token)
    assert (scanned["choices"], scanned["means"]) == ([], "scan")


def test_the_right_one_lies_anywhere() -> None:
    places = set()
    for nth in range(200):
        number = str(10 + nth % 90)
        choices = choices_around(number, bytes((nth * 37 + step * 59) % 256 for step in range(32)))
        assert len(set(choices)) == 3
        assert all(len(each) == 2 for each in choices)
        places.add(choices.index(number))
    assert places == {0, 1, 2}
