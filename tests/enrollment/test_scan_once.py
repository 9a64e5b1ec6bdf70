"""A code that was read binds one phone, once; which pages show one."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.models import ApprovalRequest, Device
from idp.login.rules.authentication import LoginPolicy, MethodName
from idp.login.rules.ecps import EcpsPolicy
from idp.login.rules.steps import AttemptState
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.enrollment.scanning import refusal
from tests.people import make_person


def test_a_second_phone_is_told_that_it_comes_too_late(
    screen: Workstation, phone: SoftPhone
) -> None:
    other_station = Workstation()
    other_station.log_in_by_card(make_person("899900000045", family_name="Le Goff"))
    other = other_station.activate(SoftPhone(Client()))
    shown = screen.show_code()
    phone.scan(token=shown.token)
    assert refusal(lambda: other.scan(token=shown.token)).code == "scan_taken"
    assert other.requests() == []


def test_what_one_phone_read_is_not_for_another_of_the_same_holder(
    workstation: Workstation, screen: Workstation, phone: SoftPhone
) -> None:
    second = workstation.activate(SoftPhone(Client()))
    request = phone.scan(token=screen.show_code().token)
    assert second.requests() == []
    answer = refusal(lambda: second.challenge(request["id"], number=""))
    assert answer.code == "unknown_request"


def test_reading_a_code_ends_the_question_that_another_browser_asked(
    screen: Workstation, phone: SoftPhone, person: Person
) -> None:
    asked = Workstation().ask_phone(person.national_id)
    request = phone.scan(token=screen.show_code().token)
    assert [one["id"] for one in phone.requests()] == [request["id"]]
    assert ApprovalRequest.objects.get(pk=asked.request_id).state == "cancelled"


def test_a_code_can_be_read_again_once_its_question_is_over(
    screen: Workstation, phone: SoftPhone
) -> None:
    attempt = screen.open_login()
    phone.scan(token=screen.show_code(attempt).token)
    with clock.frozen(clock.now() + timedelta(seconds=121)):
        again = phone.scan(token=screen.show_code(attempt).token)
        phone.approve(again["id"], number="")


@pytest.mark.parametrize("state", ["suspended", "blocked", "revoked"])
def test_a_phone_that_is_not_active_reads_nothing(
    screen: Workstation, phone: SoftPhone, state: str
) -> None:
    shown = screen.show_code()
    Device.objects.update(state=state)
    refusal(lambda: phone.scan(token=shown.token))
    assert not ApprovalRequest.objects.exists()


def test_a_phone_the_portal_does_not_accept_is_told_when_it_reads(
    screen: Workstation, phone: SoftPhone
) -> None:
    attempt = screen.open_login(LoginPolicy(ecps=EcpsPolicy.INSTANCE_BOUND))
    shown = screen.show_code(attempt)
    assert refusal(lambda: phone.scan(token=shown.token)).code == "phone_on_probation"
    assert phone.requests() == []
    # The login goes on: by card, for one.
    attempt.refresh_from_db()
    assert attempt.state == AttemptState.OPEN


def test_a_portal_that_takes_no_phone_shows_no_code(screen: Workstation) -> None:
    attempt = screen.open_login(LoginPolicy(methods=(MethodName.CARD,)))
    for name in ("phone_scan", "phone_start"):
        assert (
            screen.client.get(reverse(f"enrollment:{name}", args=[attempt.pk])).status_code == 403
        )


@pytest.mark.parametrize("name", ["phone_scan_status", "phone_scan_events", "phone_qr"])
def test_another_browser_sees_no_code(screen: Workstation, name: str) -> None:
    shown = screen.show_code()
    address = reverse(f"enrollment:{name}", args=[shown.attempt.pk])
    assert Workstation().client.get(address).status_code == 410


def test_the_page_without_javascript_has_the_code_as_an_image(screen: Workstation) -> None:
    shown = screen.show_code()
    image = screen.client.get(reverse("enrollment:phone_qr", args=[shown.attempt.pk]))
    assert image["Content-Type"] == "image/svg+xml"
    assert image.content.startswith(b"<?xml")


def test_where_the_login_began_is_shown_by_the_name_the_operator_gave(
    settings: Any, screen: Workstation, phone: SoftPhone
) -> None:
    settings.HYGIE = replace(settings.HYGIE, places=((ip_network("127.0.0.0/8"), "CHU de Lille"),))
    assert phone.scan(token=screen.show_code().token)["place"] == "CHU de Lille"
