"""Two digits, or six: what makes a login look less like its owner's."""

from datetime import timedelta

import pytest
from django.urls import reverse

from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import Device
from idp.enrollment.rules.risk import Signs, digits_to_type
from idp.login.rules.authentication import LoginPolicy
from idp.login.rules.ecps import EcpsPolicy
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation


@pytest.mark.parametrize("sign", ["moved", "alarmed", "demanded"])
def test_each_sign_alone_asks_for_six(sign: str) -> None:
    quiet = dict.fromkeys(("moved", "alarmed", "demanded"), False)
    assert digits_to_type(Signs(**quiet)) == 2
    assert digits_to_type(Signs(**{**quiet, sign: True})) == 6


def test_at_the_usual_place_two_digits_are_typed(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    assert len(asked.number) == 2
    phone.approve(asked.request_id, number=asked.number)


def test_from_another_network_six_digits_are_typed(person: Person, phone: SoftPhone) -> None:
    station = Workstation()
    station.know(person, network="192.0.2.7")
    attempt = station.open_login()
    address = reverse("enrollment:phone_start", args=[attempt.pk])
    answer = station.client.post(address, {"login": person.national_id})
    (shown,) = phone.requests()
    assert shown["number_length"] == 6
    number = station.client.get(answer["Location"]).context["number"]
    assert len(number) == 6
    phone.approve(shown["id"], number=number)
    attempt.refresh_from_db()
    assert attempt.proof is not None


@pytest.mark.parametrize("reason", ["changed_mind", "not_me"])
def test_after_a_refusal_six_digits_are_typed_until_an_approval(
    person: Person, phone: SoftPhone, reason: str
) -> None:
    phone.deny(Workstation().ask_phone(person.national_id).request_id, reason=reason)
    asked = Workstation().ask_phone(person.national_id)
    assert len(asked.number) == 6
    phone.approve(asked.request_id, number=asked.number)
    assert len(Workstation().ask_phone(person.national_id).number) == 2


def test_after_a_wrong_number_six_digits_are_typed(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    with pytest.raises(AssertionError, match="wrong_number"):
        phone.challenge(asked.request_id, number=asked.wrong_number)
    assert len(Workstation().ask_phone(person.national_id).number) == 6


def test_a_portal_that_does_not_take_any_phone_asks_for_six(
    person: Person, phone: SoftPhone
) -> None:
    Device.objects.update(activated_at=clock.now() - timedelta(days=400))
    station = Workstation()
    policy = LoginPolicy(ecps=EcpsPolicy.INSTANCE_BOUND)
    asked = station.ask_phone(person.national_id, station.open_login(policy))
    assert len(asked.number) == 6
