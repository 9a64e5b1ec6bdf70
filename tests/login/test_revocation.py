"""Orders against persons and phones: at once, audited, undone."""

from dataclasses import replace
from threading import Thread

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client as Browser
from django.urls import reverse
from pytest_django import Settings

from idp.audit.models import AuditRow
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.enrollment.models import Device
from idp.login import flows as login
from idp.login.flows.withdrawal import withdraw, withdraw_barred_people
from idp.login.models import RevocationOrder, SsoSession
from idp.login.rules.revocation import Cause, Order, TargetKind
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.login.conftest import is_over, open_one, proof_of, session_of
from tests.people import make_person


def order(person: Person, **changes: str) -> Order:
    made = Order(kind=TargetKind.PERSON, target=person.national_id, reason="ticket 17", by="admin")
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_order_ends_all_that_a_person_has(person: Person) -> None:
    session = session_of(person)
    workstation = Workstation()
    workstation.log_in_by_card(person)
    workstation.activate(SoftPhone(Browser()))
    proven = open_one()
    login.prove(attempt=proven, authentication=proof_of(person))
    ended = login.revoke(order(person))
    assert ended == {"sessions": 2, "logins": 1, "phones": 1}
    assert is_over(session)
    proven.refresh_from_db()
    assert (proven.state, proven.refusal_code) == ("refused", "access_denied")
    assert Device.objects.get().state == "suspended"
    row = AuditRow.objects.get(event="access_revoked")
    assert row.subject == person.national_id
    assert row.data == {
        "kind": "person",
        "target": str(person.pk),
        "cause": "order of the operator",
        "by": "admin",
        "reason": "ticket 17",
        "ended": ended,
    }


def test_nobody_elses_access_is_touched(person: Person) -> None:
    other = session_of(make_person("899900000029"))
    login.revoke(order(person))
    assert not is_over(other)


def test_while_it_is_in_force_nobody_logs_in_as_that_person(person: Person) -> None:
    login.revoke(order(person))
    attempt = open_one()
    with pytest.raises(IdpError) as refused:
        login.prove(attempt=attempt, authentication=proof_of(person))
    assert (refused.value.code, refused.value.status) == ("access_revoked", 403)
    attempt.refresh_from_db()
    assert attempt.state == "open"


def test_a_proof_from_before_opens_no_session(person: Person) -> None:
    """As if the login had been proven in the same moment, unseen by the order."""
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    RevocationOrder.objects.create(
        kind="person", target=str(person.pk), person=person, ordered_at=clock.now()
    )
    with pytest.raises(IdpError, match="access_revoked"):
        login.finish(attempt=attempt)
    assert not SsoSession.objects.exists()


def test_a_session_that_raced_with_the_order_is_ended_by_the_worker(person: Person) -> None:
    session = session_of(person)
    RevocationOrder.objects.create(
        kind="person", target=str(person.pk), person=person, ordered_at=clock.now()
    )
    assert withdraw_barred_people() == 1
    assert withdraw_barred_people() == 0
    assert is_over(session)


def test_lifted_the_person_logs_in_again_and_what_was_ended_stays_so(person: Person) -> None:
    session = session_of(person)
    login.revoke(order(person))
    login.lift(order(person, reason="by mistake", by="other"))
    assert is_over(session)
    assert not is_over(session_of(person))
    kept = RevocationOrder.objects.get()
    assert (kept.lifted_by, kept.lift_reason) == ("other", "by mistake")
    assert AuditRow.objects.get(event="access_restored").data["reason"] == "by mistake"


def test_it_may_be_ordered_again_and_again(person: Person) -> None:
    login.revoke(order(person))
    login.revoke(order(person))
    assert RevocationOrder.objects.count() == 1
    login.lift(order(person))
    login.revoke(order(person))
    assert RevocationOrder.objects.count() == 2


def test_it_is_lifted_once(person: Person) -> None:
    login.revoke(order(person))
    kept = RevocationOrder.objects.get()
    assert kept.lift(by="a", reason="r", now=clock.now())
    assert not kept.lift(by="b", reason="r", now=clock.now())
    with pytest.raises(IdpError, match="no order in force"):
        login.lift(order(person))


def test_two_orders_in_force_against_one_cannot_be(person: Person) -> None:
    login.revoke(order(person))
    with pytest.raises(IntegrityError), transaction.atomic():
        RevocationOrder.objects.create(kind="person", target=str(person.pk), ordered_at=clock.now())


@pytest.mark.parametrize("reason", ["", "  ", "x" * 201])
def test_an_order_without_a_reason_is_none(person: Person, reason: str) -> None:
    session = session_of(person)
    with pytest.raises(IdpError, match="reason"):
        login.revoke(order(person, reason=reason))
    assert not is_over(session)


def test_all_or_nothing(person: Person, settings: Settings) -> None:
    session = session_of(person)
    settings.WITHDRAWAL_HOOKS = {"broken": "tests.cardbridge.test_opposition.fail"}
    with pytest.raises(ZeroDivisionError):
        login.revoke(order(person))
    assert not is_over(session)
    assert not RevocationOrder.objects.exists()


@pytest.mark.parametrize(
    ("target", "said"), [("nobody", "nobody"), ("899900000037", "nobody is known")]
)
def test_an_unknown_person_is_said(person: Person, target: str, said: str) -> None:
    with pytest.raises(IdpError, match=said):
        login.revoke(order(person, target=target))


# ---- a phone -----------------------------------------------------------------------------------


def by_phone(device: Device) -> SsoSession:
    session = session_of(device.holder)
    SsoSession.objects.filter(pk=session.pk).update(device=str(device.pk))
    return session


def phone_order(device: Device, **changes: str) -> Order:
    made = Order(kind=TargetKind.DEVICE, target=str(device.pk), reason="stolen", by="admin")
    return replace(made, **changes)  # type: ignore[arg-type]


def test_an_order_against_a_phone_ends_what_it_opened_and_nothing_else(device: Device) -> None:
    mine, other = by_phone(device), session_of(device.holder)
    assert login.revoke(phone_order(device)) == {"phones": 1, "sessions": 1}
    assert is_over(mine)
    assert not is_over(other)
    device.refresh_from_db()
    assert (device.state, device.end_reason) == ("suspended", "operator's order on the phone")


def test_lifted_the_phone_serves_again(device: Device) -> None:
    login.revoke(phone_order(device))
    login.lift(phone_order(device, reason="found"))
    device.refresh_from_db()
    assert (device.state, device.end_reason) == ("active", "")
    assert AuditRow.objects.get(event="device_resumed").data["by"] == "admin"


def test_its_holder_cannot_lift_it(device: Device) -> None:
    login.revoke(phone_order(device))
    workstation = Workstation()
    workstation.log_in_by_card(device.holder)
    address = reverse("enrollment:put_back", args=[device.pk])
    assert workstation.client.post(address).status_code >= 400
    device.refresh_from_db()
    assert device.state == "suspended"


def test_what_suspended_a_phone_besides_the_order_keeps_it_out(device: Device) -> None:
    Device.objects.update(state="suspended", end_reason="cloned passkey")
    login.revoke(phone_order(device))
    login.lift(phone_order(device))
    device.refresh_from_db()
    assert device.state == "suspended"


def test_lifted_after_the_person_was_kept_out_it_serves_with_a_card_only(device: Device) -> None:
    login.revoke(phone_order(device))
    out = order(device.holder)
    login.revoke(out)
    login.lift(phone_order(device))
    login.lift(out)
    device.refresh_from_db()
    assert (device.state, device.end_reason) == ("suspended", "order of the operator")
    workstation = Workstation()
    workstation.log_in_by_card(device.holder)
    workstation.client.post(reverse("enrollment:put_back", args=[device.pk]))
    device.refresh_from_db()
    assert device.state == "active"


@pytest.mark.parametrize("target", ["x", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_phone_is_said(device: Device, target: str) -> None:
    with pytest.raises(IdpError, match="phone"):
        login.revoke(phone_order(device, target=target))


# ---- at the same time --------------------------------------------------------------------------


@pytest.mark.usefixtures("locks")
@pytest.mark.django_db(transaction=True)
def test_an_order_waits_for_a_login_that_is_being_finished() -> None:
    person = make_person()
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    ended: list[int] = []

    def revoke() -> None:
        ended.append(login.revoke(order(person))["sessions"])
        connection.close()

    with transaction.atomic():
        session, _secret = login.finish(attempt=attempt)
        elsewhere = Thread(target=revoke)
        elsewhere.start()
        elsewhere.join(timeout=1)
        assert elsewhere.is_alive()
    elsewhere.join()
    assert ended == [1]
    assert is_over(session)


@pytest.mark.usefixtures("locks")
@pytest.mark.django_db(transaction=True)
def test_an_order_does_not_wait_for_an_import_that_rewrites_the_person() -> None:
    """Which holds the rows of all who changed until it is done."""
    person = make_person()
    session = session_of(person)
    ended: list[int] = []

    def revoke() -> None:
        ended.append(login.revoke(order(person))["sessions"])
        connection.close()

    with transaction.atomic():
        Person.objects.filter(pk=person.pk).update(family_name="NOUVEAU")
        elsewhere = Thread(target=revoke)
        elsewhere.start()
        elsewhere.join(timeout=20)
        assert ended == [1]
    elsewhere.join()
    assert is_over(session)


@pytest.mark.usefixtures("locks")
@pytest.mark.django_db(transaction=True)
def test_lifted_in_the_moment_of_the_last_card_s_end_the_phone_stays_out() -> None:
    person = make_person()
    workstation = Workstation()
    workstation.log_in_by_card(person)
    workstation.activate(SoftPhone(Browser()))
    device = Device.objects.get()
    login.revoke(phone_order(device))

    def end() -> None:
        withdraw(person_id=person.pk, cause=Cause.CARD_OPPOSED)
        connection.close()

    elsewhere = Thread(target=end)
    with transaction.atomic():
        login.lift(phone_order(device))
        elsewhere.start()
        elsewhere.join(timeout=1)
        assert elsewhere.is_alive()
    elsewhere.join()
    device.refresh_from_db()
    assert (device.state, device.end_reason) == ("suspended", "card opposed")


def test_causes_fit_their_columns() -> None:
    for cause in Cause:
        # Kept as `by …` with a phone, in forty characters.
        assert len(cause) <= 36
