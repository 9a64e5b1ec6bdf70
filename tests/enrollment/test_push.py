"""Phones are rung through the worker: who, when, what is said; what is refused, and forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from idp.configuration import Mode
from idp.core import clock
from idp.core.purge import purge_expired
from idp.directory.models import Person
from idp.enrollment.flows.push import push_key
from idp.enrollment.flows.push_delivery import ring_due
from idp.enrollment.models import ApprovalRequest, PushDelivery, PushKey, PushSubscription
from idp.enrollment.rules.encoding import b64u
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.enrollment.push_service import Doorbell, PushService, push_service, vapid_claims
from tests.mobileapi.screen import refusal
from tests.people import make_person


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    """A push service that this deployment knows."""
    with push_service() as listening:
        settings.HYGIE = replace(settings.HYGIE, push_services=(listening.origin,))
        yield listening


def unreadable(device_id: str) -> None:
    """As after a restore under another encryption key."""
    PushSubscription.objects.filter(device_id=device_id).update(sealed=b"x" * 80)


@pytest.fixture
def bell(service: PushService, phone: SoftPhone) -> Doorbell:
    """The doctor's phone can be rung."""
    made = Doorbell(f"{service.origin}/ring/1")
    made.subscribe(phone)
    return made


def ask(person: Person) -> ApprovalRequest:
    asked = Workstation().ask_phone(person.national_id)
    return ApprovalRequest.objects.get(pk=asked.request_id)


def later(seconds: float) -> Any:
    return clock.frozen(clock.now() + timedelta(seconds=seconds))


def only_delivery() -> PushDelivery:
    return PushDelivery.objects.get()


# --- A ring -------------------------------------------------------------------------------------
def test_a_login_rings_the_phone_and_says_nothing_of_it(
    person: Person, bell: Doorbell, service: PushService, phone: SoftPhone
) -> None:
    ask(person)
    assert ring_due() == 1
    (ring,) = service.rings
    assert bell.read(ring) == {"v": 1, "kind": "request"}
    assert (ring.path, ring.headers["content-encoding"]) == ("/ring/1", "aes128gcm")
    assert (ring.headers["urgency"], len(ring.headers["topic"])) == ("high", 32)
    assert 100 < int(ring.headers["ttl"]) <= 120
    key = phone.signed_call("GET", "/devices/me/push")["public_key"]
    claims = vapid_claims(ring, public_key=key)
    assert claims["aud"] == service.origin
    assert claims["sub"] == "https://localhost:8000"
    assert claims["exp"] - clock.now().timestamp() <= 24 * 3600
    assert only_delivery().state == "delivered"


def test_it_rings_once(person: Person, bell: Doorbell, service: PushService) -> None:
    ask(person)
    assert [ring_due(), ring_due()] == [1, 0]
    assert len(service.rings) == 1


def test_every_phone_of_the_holder_is_rung(
    person: Person, workstation: Workstation, bell: Doorbell, service: PushService
) -> None:
    second = workstation.activate(SoftPhone(Client()))
    Doorbell(f"{service.origin}/ring/2").subscribe(second)
    PushDelivery.objects.all().delete()
    ask(person)
    ring_due()
    assert sorted(ring.path for ring in service.rings) == ["/ring/1", "/ring/2"]


def test_a_new_phone_rings_the_others_not_itself(
    workstation: Workstation, bell: Doorbell, service: PushService
) -> None:
    workstation.activate(SoftPhone(Client()))
    ring_due()
    (ring,) = service.rings
    assert bell.read(ring) == {"v": 1, "kind": "new_device"}
    assert int(ring.headers["ttl"]) > 6 * 24 * 3600


def test_asking_writes_no_row_more_for_who_can_be_rung(person: Person, bell: Doorbell) -> None:
    ask(person)
    assert not PushDelivery.objects.exists()


# --- Nobody is rung -----------------------------------------------------------------------------
def test_a_decoy_rings_nobody(bell: Doorbell, service: PushService, person: Person) -> None:
    ask(person)
    # Asked already: what another browser asks is a decoy.
    assert ask(person).is_decoy
    Workstation().ask_phone(make_person("899900000045", family_name="Le Goff").national_id)
    ring_due()
    assert len(service.rings) == 1


def test_a_request_answered_meanwhile_rings_nobody(
    person: Person, bell: Doorbell, service: PushService, phone: SoftPhone
) -> None:
    request = ask(person)
    service.statuses[:] = [503]
    ring_due()
    phone.deny(str(request.pk))
    with later(3):
        ring_due()
    assert len(service.rings) == 1
    assert only_delivery().state == "failed"


def test_a_request_that_is_over_rings_nobody(
    person: Person, bell: Doorbell, service: PushService
) -> None:
    ask(person)
    with later(121):
        assert ring_due() == 0
    assert service.rings == []


def test_a_removed_phone_is_not_rung_and_its_address_is_forgotten(
    person: Person, bell: Doorbell, service: PushService, phone: SoftPhone
) -> None:
    ask(person)
    phone.signed_call("DELETE", "/devices/me")
    ring_due()
    assert service.rings == []
    purge_expired()
    assert not PushSubscription.objects.exists()


def test_unsubscribed_means_silent(
    person: Person, bell: Doorbell, service: PushService, phone: SoftPhone
) -> None:
    assert phone.signed_call("GET", "/devices/me/push")["is_subscribed"] is True
    phone.signed_call("DELETE", "/devices/me/push")
    assert phone.signed_call("GET", "/devices/me/push")["is_subscribed"] is False
    ask(person)
    assert ring_due() == 0


def test_a_service_taken_off_the_list_is_called_no_more(
    person: Person, bell: Doorbell, service: PushService, settings: Any
) -> None:
    ask(person)
    settings.HYGIE = replace(settings.HYGIE, push_services=("fcm.googleapis.com",))
    ring_due()
    assert service.rings == []
    assert only_delivery().state == "failed"


def test_outside_the_sandbox_no_inside_address_is_met(
    person: Person, bell: Doorbell, service: PushService, settings: Any
) -> None:
    ask(person)
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    ring_due()
    assert service.rings == []
    assert "inside address" in only_delivery().last_error


# --- What the push service answers --------------------------------------------------------------
@pytest.mark.parametrize("status", [404, 410])
def test_a_subscription_that_is_gone_is_removed(
    person: Person, bell: Doorbell, service: PushService, status: int
) -> None:
    service.statuses[:] = [status]
    ask(person)
    ring_due()
    assert not PushSubscription.objects.exists()
    assert only_delivery().state == "gone"


@pytest.mark.parametrize("status", [429, 500])
def test_a_service_in_trouble_is_tried_again_and_not_for_ever(
    person: Person, bell: Doorbell, service: PushService, status: int
) -> None:
    service.statuses[:] = [status] * 9
    ask(person)
    begun = clock.now()
    for seconds in (0, 1, 3, 9, 25, 56, 90):
        with clock.frozen(begun + timedelta(seconds=seconds)):
            ring_due()
    assert len(service.rings) == 5
    assert only_delivery().state == "given_up"
    assert PushSubscription.objects.exists()


def test_a_refusal_is_final_and_keeps_the_subscription(
    person: Person, bell: Doorbell, service: PushService
) -> None:
    service.statuses[:] = [403]
    ask(person)
    ring_due()
    with later(60):
        assert ring_due() == 0
    assert only_delivery().state == "failed"
    assert PushSubscription.objects.exists()


def test_a_redirection_is_not_followed(
    person: Person, bell: Doorbell, service: PushService
) -> None:
    service.statuses[:] = [307]
    ask(person)
    ring_due()
    assert len(service.rings) == 1
    assert only_delivery().state == "failed"


def test_one_that_cannot_be_read_stops_no_other(
    person: Person,
    workstation: Workstation,
    bell: Doorbell,
    service: PushService,
    phone: SoftPhone,
) -> None:
    second = workstation.activate(SoftPhone(Client()))
    Doorbell(f"{service.origin}/ring/2").subscribe(second)
    unreadable(str(phone.device_id))
    PushDelivery.objects.all().delete()
    ask(person)
    ring_due()
    assert [ring.path for ring in service.rings] == ["/ring/2"]
    assert PushDelivery.objects.get(device_id=phone.device_id).state == "failed"


def test_a_killed_worker_loses_nothing(
    person: Person, bell: Doorbell, service: PushService
) -> None:
    ask(person)
    service.statuses[:] = [503]
    ring_due()
    delivery = only_delivery()
    with later(3):
        assert delivery.claim(now=clock.now(), lease_until=clock.now() + timedelta(seconds=20))
        # Claimed by one that died: the others wait for the end of its lease.
        assert ring_due() == 0
    with later(24):
        assert ring_due() == 1
    assert only_delivery().state == "delivered"


# --- Subscribing --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "endpoint",
    ["https://169.254.169.254/x", "http://fcm.googleapis.com/x", "https://intranet.example/x"],
)
def test_an_address_of_no_push_service_is_refused(phone: SoftPhone, endpoint: str) -> None:
    body = Doorbell(endpoint).subscription
    error = refusal(phone.signed_call, "PUT", "/devices/me/push", body)
    assert (error.status, error.code) == (400, "push_service_unknown")
    assert not PushSubscription.objects.exists()


def test_a_point_off_the_curve_is_refused(phone: SoftPhone) -> None:
    body = Doorbell("https://fcm.googleapis.com/x").subscription
    body["keys"]["p256dh"] = b64u(b"\x04" + b"\x01" * 64)
    error = refusal(phone.signed_call, "PUT", "/devices/me/push", body)
    assert (error.status, error.code) == (400, "push_keys_refused")


@pytest.mark.parametrize("change", [{"p256dh": "AAAA"}, {"auth": "AAAA"}, {"auth": None}])
def test_malformed_keys_are_refused(phone: SoftPhone, change: dict[str, Any]) -> None:
    body = Doorbell("https://fcm.googleapis.com/x").subscription
    body["keys"].update(change)
    assert refusal(phone.signed_call, "PUT", "/devices/me/push", body).code == "invalid_request"


def test_a_removed_phone_does_not_subscribe(phone: SoftPhone) -> None:
    phone.signed_call("DELETE", "/devices/me")
    body = Doorbell("https://fcm.googleapis.com/x").subscription
    assert refusal(phone.signed_call, "PUT", "/devices/me/push", body).code == "unknown_device"


def test_a_new_address_takes_the_place_of_the_former(
    person: Person, bell: Doorbell, service: PushService, phone: SoftPhone
) -> None:
    Doorbell(f"{service.origin}/ring/new").subscribe(phone)
    ask(person)
    ring_due()
    assert [ring.path for ring in service.rings] == ["/ring/new"]


# --- At rest ------------------------------------------------------------------------------------
def test_neither_address_nor_private_key_lies_in_the_clear(
    bell: Doorbell, service: PushService
) -> None:
    sealed = bytes(PushSubscription.objects.get().sealed)
    assert service.origin.encode() not in sealed
    assert b"ring/1" not in sealed
    key = PushKey.objects.filter(pk=push_key().pk).get()
    assert bytes(key.public_key)[1:33] not in bytes(key.sealed_private_key)
    assert len(bytes(key.sealed_private_key)) > 32


def test_the_key_is_made_once(db: None) -> None:
    assert bytes(push_key().public_key) == bytes(push_key().public_key)
    assert PushKey.objects.count() == 1


def test_rings_are_forgotten_a_day_later(
    person: Person, bell: Doorbell, service: PushService
) -> None:
    ask(person)
    ring_due()
    with later(26 * 3600):
        purge_expired()
    assert not PushDelivery.objects.exists()
