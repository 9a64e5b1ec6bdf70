"""Enrolment on the workstation: fresh card, six digits to confirm, nothing half-enrolled."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.configuration import Mode
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.flows.tokens import typed_code
from idp.enrollment.models import Device, Enrolment
from idp.enrollment.rules.codes import grouped
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.authentication import AuthMode, MethodName
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.people import make_person

HOME = "/mon-ecps/"


def is_sent_to_card_login(response_url: str) -> bool:
    attempt = LoginAttempt.objects.get(pk=response_url.rsplit("/", 1)[1])
    assert response_url == reverse("login:dispatch", args=[attempt.pk])
    return MethodName.CARD in attempt.login_policy.methods


def test_without_a_session_the_card_is_asked_for(person: Person) -> None:
    station = Workstation()
    assert is_sent_to_card_login(station.client.get(HOME)["Location"])
    assert is_sent_to_card_login(station.client.post(f"{HOME}activer")["Location"])


def test_a_card_read_six_minutes_ago_is_asked_for_again(workstation: Workstation) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        assert is_sent_to_card_login(workstation.client.get(HOME)["Location"])
        assert is_sent_to_card_login(workstation.client.post(f"{HOME}activer")["Location"])
    assert not Enrolment.objects.exists()


def test_a_login_by_phone_does_not_enrol_another_phone(person: Person) -> None:
    station = Workstation()
    station.log_in_by_card(person, auth_mode=AuthMode.MOBILE)
    assert is_sent_to_card_login(station.client.post(f"{HOME}activer")["Location"])


def test_a_session_of_a_sandbox_enrols_nothing_in_production(
    workstation: Workstation, settings: LazySettings
) -> None:
    cookie = settings.HYGIE.cookie_name("sso")
    assert workstation.client.cookies[cookie].value
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    assert is_sent_to_card_login(workstation.client.post(f"{HOME}activer")["Location"])
    assert not Enrolment.objects.exists()


def test_only_card_and_test_identity_may_open_the_page(person: Person) -> None:
    Workstation().client.get(HOME)
    policy = LoginAttempt.objects.get().login_policy
    assert set(policy.methods) == {MethodName.CARD, MethodName.TEST}


def test_who_comes_back_without_a_card_is_told_so(person: Person) -> None:
    station = Workstation()
    location = station.client.get(HOME)["Location"]
    attempt_id = location.rsplit("/", 1)[1]
    form = {"person": person.national_id, "auth_mode": "MOBILE"}
    station.client.post(f"/sandbox/identite/{attempt_id}", form)
    response = station.client.get(reverse("login:finish", args=[attempt_id]), follow=True)
    assert response.status_code == 403
    assert response.context["error"].code == "fresh_card_needed"
    assert response.context["next_step"]["url"] == HOME


def test_who_cancels_the_login_is_led_back_here_and_not_to_a_portal(person: Person) -> None:
    station = Workstation()
    location = station.client.get(HOME)["Location"]
    said = station.client.get(location).content.decode()
    assert "revenir au portail" not in said
    attempt_id = location.rsplit("/", 1)[1]
    response = station.client.post(reverse("login:cancel", args=[attempt_id]), follow=True)
    said = response.content.decode()
    assert response.status_code == 403
    assert "<h1>Vous avez annulé</h1>" in said
    assert "Rien n’a été transmis au portail" not in said
    assert response.context["next_step"]["url"] == HOME


def test_the_page_shows_the_code_and_a_qr_image(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    response = workstation.client.get(reverse("enrollment:show", args=[enrolment.pk]))
    assert response.context["code"] == grouped(typed_code(enrolment.pk))
    assert response.context["state"] == "waiting"
    image = workstation.client.get(response.context["qr_url"])
    assert image["Content-Type"] == "image/svg+xml"
    assert b"<svg" in image.content
    assert b"style=" not in image.content


def test_no_code_and_no_digit_lies_in_the_database(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    code = typed_code(enrolment.pk).encode()
    digits = SoftPhone(Client()).enrol(code=code.decode())
    values = Enrolment.objects.filter(pk=enrolment.pk).values_list().get()
    stored = [bytes(value) if isinstance(value, memoryview) else value for value in values]
    assert not [value for value in stored if isinstance(value, bytes) and code in value]
    assert not [value for value in stored if isinstance(value, bytes) and digits.encode() in value]


def test_another_browser_sees_nothing_of_an_activation(
    workstation: Workstation, person: Person
) -> None:
    enrolment = workstation.begin_activation()
    other = Workstation()
    other.log_in_by_card(make_person("899900000029"))
    for name in ("show", "qr"):
        address = reverse(f"enrollment:{name}", args=[enrolment.pk])
        assert other.client.get(address).status_code == 410
    assert other.client.get(reverse("enrollment:show", args=[uuid4()])).status_code == 410
    assert other.confirm(enrolment, "000000") == 410


def test_wrong_digits_end_the_activation_and_revoke_the_keys(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    phone = SoftPhone(Client())
    digits = phone.enrol(code=typed_code(enrolment.pk))
    wrong = "000000" if digits != "000000" else "000001"
    assert workstation.confirm(enrolment, wrong) == 303
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.end_reason) == ("cancelled", "wrong_fingerprint")
    assert enrolment.sealed_proof is None
    assert phone.me()["state"] == "revoked"
    assert AuditRow.objects.filter(outcome="refused", data__code="wrong_fingerprint").exists()
    # The right digits come too late.
    workstation.confirm(enrolment, digits)
    assert phone.me()["state"] == "revoked"


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦"])
def test_what_is_not_six_digits_is_typed_again(workstation: Workstation, typed: str) -> None:
    enrolment = workstation.begin_activation()
    digits = SoftPhone(Client()).enrol(code=typed_code(enrolment.pk))
    assert workstation.confirm(enrolment, typed) == 400
    assert workstation.confirm(enrolment, f"{digits[:3]} {digits[3:]}") == 303
    assert Device.objects.get().state == "active"


def test_digits_before_the_keys_are_refused(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    assert workstation.confirm(enrolment, "123456") == 303
    enrolment.refresh_from_db()
    assert enrolment.state == "waiting"


def test_an_activation_that_was_not_confirmed_in_time_is_over(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    phone = SoftPhone(Client())
    digits = phone.enrol(code=typed_code(enrolment.pk))
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        workstation.confirm(enrolment, digits)
        assert Device.objects.get().state == "pending"
        phone.fetch_nonce()
        assert phone.me()["state"] == "revoked"


def test_cancel_leaves_nothing_half_enrolled(workstation: Workstation) -> None:
    enrolment = workstation.begin_activation()
    phone = SoftPhone(Client())
    phone.enrol(code=typed_code(enrolment.pk))
    workstation.client.post(reverse("enrollment:cancel", args=[enrolment.pk]))
    assert phone.me()["state"] == "revoked"


def test_a_new_activation_replaces_the_one_left_open(workstation: Workstation) -> None:
    first, second = workstation.begin_activation(), workstation.begin_activation()
    first.refresh_from_db()
    assert (first.state, first.end_reason) == ("cancelled", "replaced")
    assert second.state == "waiting"


def test_a_fourth_phone_waits_until_one_is_revoked(workstation: Workstation) -> None:
    for _nth in range(3):
        workstation.activate(SoftPhone(Client()))
    enrolment = workstation.begin_activation()
    fourth = SoftPhone(Client())
    digits = fourth.enrol(code=typed_code(enrolment.pk))
    address = reverse("enrollment:confirm", args=[enrolment.pk])
    response = workstation.client.post(address, {"fingerprint": digits})
    assert response.status_code == 409
    assert response.context["error"].code == "too_many_devices"
    workstation.client.post(response.context["devices"][0]["revoke_url"])
    assert workstation.confirm(enrolment, digits) == 303
    assert fourth.me()["state"] == "active"


def test_the_activation_is_audited_with_its_proof(workstation: Workstation) -> None:
    workstation.activate(SoftPhone(Client()))
    device = Device.objects.get()
    row = AuditRow.objects.get(reference=device.enrolled_reference)
    assert row.event == "device_activated"
    assert row.data["session"] == str(SsoSession.objects.get().pk)
    assert row.evidence is not None


def test_phones_are_listed_and_revoked_at_once(workstation: Workstation, phone: SoftPhone) -> None:
    response = workstation.client.get(HOME)
    (row,) = response.context["devices"]
    assert (row["label"], row["kind"], row["state"]) == ("Pixel 7 · Chrome", "passkey", "active")
    workstation.client.post(row["revoke_url"])
    assert phone.me()["state"] == "revoked"
    assert workstation.client.get(HOME).context["devices"] == []


def test_nobody_revokes_another_persons_phone(person: Person, phone: SoftPhone) -> None:
    other = Workstation()
    other.log_in_by_card(make_person("899900000029"))
    address = reverse("enrollment:revoke", args=[phone.device_id])
    assert other.client.post(address).status_code == 404
    assert phone.me()["state"] == "active"


def test_changes_need_a_form_of_our_own(workstation: Workstation, phone: SoftPhone) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = workstation.client.cookies
    for address in (f"{HOME}activer", reverse("enrollment:revoke", args=[phone.device_id])):
        assert strict.post(address).status_code == 403
