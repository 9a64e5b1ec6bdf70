"""A holder's phones from one of them: listed, named, removed; the new one told to the others."""

from datetime import timedelta

import pytest
from django.test import Client

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.purge import purge_expired
from idp.directory.models import Person
from idp.enrollment.models import Device
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.mobileapi.screen import refusal
from tests.people import make_person

DAY = timedelta(days=1)


@pytest.fixture
def second(workstation: Workstation, phone: SoftPhone) -> SoftPhone:
    """Activated after the first."""
    return workstation.activate(SoftPhone(Client(), label="iPhone"))


@pytest.fixture
def stranger(db: None) -> SoftPhone:
    station = Workstation()
    station.log_in_by_card(make_person("899900000029", family_name="Ben Salem"))
    return station.activate(SoftPhone(Client()))


def age(phone: SoftPhone, days: int) -> None:
    """As if it had been activated that many days ago."""
    Device.objects.filter(pk=phone.device_id).update(activated_at=clock.now() - days * DAY)


def label_of(phone: SoftPhone) -> str:
    return Device.objects.get(pk=phone.device_id).label


def state_of(phone: SoftPhone) -> str:
    return Device.objects.get(pk=phone.device_id).state


# --- The list -----------------------------------------------------------------------------------
def test_a_phone_lists_the_phones_of_its_holder_and_no_other(
    phone: SoftPhone, second: SoftPhone, stranger: SoftPhone
) -> None:
    devices = phone.signed_call("GET", "/devices")["devices"]
    assert [one["device_id"] for one in devices] == [phone.device_id, second.device_id]
    first = devices[0]
    assert first["activated_at"] is not None
    assert first["last_used_at"] is None
    assert len(first["enrolled_reference"]) == 8
    assert AuditRow.objects.get(reference=first["enrolled_reference"]).event == "device_activated"


def test_a_removed_phone_lists_nothing(phone: SoftPhone) -> None:
    phone.signed_call("DELETE", "/devices/me")
    assert refusal(phone.signed_call, "GET", "/devices").code == "unknown_device"


# --- Names --------------------------------------------------------------------------------------
def test_a_phone_is_renamed_from_another(phone: SoftPhone, second: SoftPhone) -> None:
    path = f"/devices/{second.device_id}"
    answer = phone.signed_call("PATCH", path, {"label": "  Téléphone \u202e du cabinet "})
    assert answer["label"] == label_of(second) == "Téléphone du cabinet"
    row = AuditRow.objects.get(event="device_renamed")
    assert (row.data["from"], row.data["to"]) == ("iPhone", "Téléphone du cabinet")


def test_the_same_name_again_leaves_no_trace(phone: SoftPhone) -> None:
    phone.signed_call("PATCH", f"/devices/{phone.device_id}", {"label": label_of(phone)})
    assert not AuditRow.objects.filter(event="device_renamed").exists()


@pytest.mark.parametrize("label", ["   ", "\u200b\u202e"])
def test_a_name_that_nobody_can_see_is_refused(phone: SoftPhone, label: str) -> None:
    before = label_of(phone)
    path = f"/devices/{phone.device_id}"
    error = refusal(phone.signed_call, "PATCH", path, {"label": label})
    assert error.status == 400
    assert label_of(phone) == before


@pytest.mark.parametrize("body", [{"label": "x" * 65}, {"label": 7}, {}, {"label": "a", "b": 1}])
def test_a_malformed_name_is_refused(phone: SoftPhone, body: dict[str, object]) -> None:
    path = f"/devices/{phone.device_id}"
    assert refusal(phone.signed_call, "PATCH", path, body).code == "invalid_request"


def test_a_strangers_phone_is_neither_named_nor_removed(
    phone: SoftPhone, stranger: SoftPhone
) -> None:
    age(phone, 2)
    path = f"/devices/{stranger.device_id}"
    for call in (("PATCH", path, {"label": "mine"}), ("DELETE", path)):
        error = refusal(phone.signed_call, *call)
        assert (error.status, error.code) == (404, "no_such_device")
    assert state_of(stranger) == "active"


def test_a_removed_phone_is_not_renamed(phone: SoftPhone, second: SoftPhone) -> None:
    second.signed_call("DELETE", "/devices/me")
    error = refusal(phone.signed_call, "PATCH", f"/devices/{second.device_id}", {"label": "a"})
    assert error.code == "no_such_device"


# --- Removal ------------------------------------------------------------------------------------
def test_a_lost_phone_is_removed_from_another(phone: SoftPhone, second: SoftPhone) -> None:
    age(phone, 1)
    phone.signed_call("DELETE", f"/devices/{second.device_id}")
    assert state_of(second) == "revoked"
    assert second.me()["state"] == "revoked"
    row = AuditRow.objects.get(event="device_revoked")
    assert (row.data["by"], row.data["by_device"]) == ("another phone", str(phone.device_id))
    kept = Device.objects.get(pk=second.device_id).end_reason
    # SQLite would not say so.
    assert len(kept) <= (Device._meta.get_field("end_reason").max_length or 0)


def test_a_phone_of_the_first_day_removes_one_that_came_after_it(
    phone: SoftPhone, second: SoftPhone
) -> None:
    phone.signed_call("DELETE", f"/devices/{second.device_id}")
    assert state_of(second) == "revoked"


def test_a_phone_of_the_first_day_removes_no_older_one(phone: SoftPhone, second: SoftPhone) -> None:
    error = refusal(second.signed_call, "DELETE", f"/devices/{phone.device_id}")
    assert (error.status, error.code) == (403, "phone_too_new")
    assert state_of(phone) == "active"


def test_a_phone_of_the_first_day_removes_itself(second: SoftPhone) -> None:
    second.signed_call("DELETE", f"/devices/{second.device_id}")
    assert state_of(second) == "revoked"


def test_a_removed_phone_removes_no_other(phone: SoftPhone, second: SoftPhone) -> None:
    age(second, 2)
    second.signed_call("DELETE", "/devices/me")
    error = refusal(second.signed_call, "DELETE", f"/devices/{phone.device_id}")
    assert error.code == "unknown_device"
    assert state_of(phone) == "active"


# --- A new phone is told to the others ------------------------------------------------------------
def test_a_new_phone_is_told_to_the_older_one_only(phone: SoftPhone, second: SoftPhone) -> None:
    assert [one["label"] for one in phone.me()["new_devices"]] == ["iPhone"]
    assert second.me()["new_devices"] == []


def test_it_is_news_for_a_week(phone: SoftPhone, second: SoftPhone) -> None:
    age(phone, 30)
    age(second, 8)
    assert phone.me()["new_devices"] == []


def test_once_removed_it_is_no_news(phone: SoftPhone, second: SoftPhone) -> None:
    phone.signed_call("DELETE", f"/devices/{second.device_id}")
    assert phone.me()["new_devices"] == []


# --- Ends ---------------------------------------------------------------------------------------
def test_a_phone_unused_for_too_long_is_ended_by_the_worker(phone: SoftPhone) -> None:
    with clock.frozen(clock.now() + 181 * DAY):
        purge_expired()
    device = Device.objects.get(pk=phone.device_id)
    assert (device.state, device.end_reason) == ("revoked", "unused")
    assert AuditRow.objects.get(event="device_ended").data["code"] == "unused"


def test_it_is_ended_before_its_return_counts_as_a_use(phone: SoftPhone) -> None:
    with clock.frozen(clock.now() + 181 * DAY):
        phone.fetch_nonce()
        assert phone.me()["state"] == "revoked"
        assert refusal(phone.requests).code == "unknown_device"
    assert Device.objects.get(pk=phone.device_id).end_reason == "unused"


def test_use_keeps_it_until_its_validity_ends(phone: SoftPhone) -> None:
    with clock.frozen(clock.now() + 170 * DAY):
        phone.fetch_nonce()
        phone.me()
    with clock.frozen(clock.now() + 181 * DAY):
        purge_expired()
    assert state_of(phone) == "active"
    Device.objects.filter(pk=phone.device_id).update(valid_until=clock.now())
    purge_expired()
    device = Device.objects.get(pk=phone.device_id)
    assert (device.state, device.end_reason) == ("revoked", "expired")


def test_the_end_is_told_beforehand(phone: SoftPhone) -> None:
    assert phone.me()["warning"] == ""
    soon = clock.now() + 29 * DAY
    Device.objects.filter(pk=phone.device_id).update(valid_until=soon)
    told = phone.me()
    assert (told["warning"], told["ends_at"]) == ("expired", soon.isoformat())


# --- At the workstation ---------------------------------------------------------------------------
def test_the_workstation_renames_a_phone(workstation: Workstation, phone: SoftPhone) -> None:
    address = f"/mon-ecps/appareils/{phone.device_id}/renommer"
    answer = workstation.client.post(address, {"label": "Cabinet"})
    assert answer["Location"].endswith("/mon-ecps/?renamed")
    assert label_of(phone) == "Cabinet"
    page = workstation.client.get("/mon-ecps/?renamed").content.decode()
    reference = Device.objects.get(pk=phone.device_id).enrolled_reference
    assert "Cabinet" in page
    assert reference in page


@pytest.mark.parametrize("label", ["", " \t\u200b"])
def test_an_empty_name_changes_nothing_and_leads_back_to_the_list(
    workstation: Workstation, phone: SoftPhone, label: str
) -> None:
    before = label_of(phone)
    address = f"/mon-ecps/appareils/{phone.device_id}/renommer"
    answer = workstation.client.post(address, {"label": label})
    assert (answer.status_code, answer["Location"]) == (303, "/mon-ecps/")
    assert label_of(phone) == before


def test_who_renames_a_phone_removed_meanwhile_is_led_back_to_the_list(
    workstation: Workstation, phone: SoftPhone
) -> None:
    workstation.client.post(f"/mon-ecps/appareils/{phone.device_id}/revoquer")
    address = f"/mon-ecps/appareils/{phone.device_id}/renommer"
    answer = workstation.client.post(address, {"label": "Cabinet"})
    assert answer.status_code == 404
    assert answer.context["next_step"]["url"] == "/mon-ecps/"
    assert "revenez sur le portail" not in answer.content.decode()


def test_without_a_fresh_card_the_workstation_renames_nothing(
    workstation: Workstation, phone: SoftPhone
) -> None:
    before = label_of(phone)
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        address = f"/mon-ecps/appareils/{phone.device_id}/renommer"
        assert "/login/" in workstation.client.post(address, {"label": "x"})["Location"]
    assert label_of(phone) == before


def test_the_workstation_warns_of_a_phone_that_lies_unused(
    workstation: Workstation, phone: SoftPhone
) -> None:
    then = clock.now() - 160 * DAY
    Device.objects.filter(pk=phone.device_id).update(activated_at=then, last_seen_at=then)
    page = workstation.client.get("/mon-ecps/").content.decode()
    assert f"warning-{phone.device_id}" in page
    assert "Sans utilisation, il sera retiré" in page


def test_another_person_at_the_workstation_renames_nothing(
    person: Person, phone: SoftPhone
) -> None:
    station = Workstation()
    station.log_in_by_card(make_person("899900000029", family_name="Ben Salem"))
    address = f"/mon-ecps/appareils/{phone.device_id}/renommer"
    assert station.client.post(address, {"label": "x"}).status_code == 404
    assert label_of(phone) == "Pixel 7 · Chrome"
