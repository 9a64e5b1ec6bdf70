"""« Mon journal »: what was done in the holder's name, and receipts that verify by themselves."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from idp.audit.flows import Outcome, record
from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.enrollment.flows.evidence import verify_evidence
from idp.enrollment.flows.withdrawal import end_phones
from idp.enrollment.models import Device
from idp.enrollment.rules.journal import ENTRY_KINDS
from idp.login import flows as login
from idp.login.rules.revocation import Cause, Order, TargetKind, Withdrawal
from tests.emulators.phones import SoftPhone
from tests.emulators.transport import RefusedError
from tests.emulators.workstation import Workstation
from tests.people import make_person


def journal(phone: SoftPhone) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = phone.signed_call("GET", "/journal")["entries"]
    return entries


def approved(person: Person, phone: SoftPhone) -> None:
    asked = Workstation().ask_phone(person.national_id)
    phone.approve(asked.request_id, number=asked.number)


def test_what_was_done_is_told_the_latest_first(person: Person, phone: SoftPhone) -> None:
    approved(person, phone)
    for reason in ("changed_mind", "not_me"):
        phone.deny(Workstation().ask_phone(person.national_id).request_id, reason=reason)
    asked = Workstation().ask_phone(person.national_id)
    with pytest.raises(RefusedError):
        phone.challenge(asked.request_id, number=asked.wrong_number)
    entries = journal(phone)
    told = [(entry["kind"], entry["portal"]) for entry in entries]
    assert told == [
        ("login_failed", "Portail Santé"),
        ("reported", "Portail Santé"),
        ("denied", "Portail Santé"),
        ("login", "Portail Santé"),
        ("phone_added", ""),
        ("login", "Portail Santé"),
    ]
    assert [entry["method"] for entry in entries[-3::2]] == ["phone", "test"]
    assert entries[-2]["phone"] == "Pixel 7 · Chrome"


def test_a_phone_that_was_removed_is_told_to_the_others(
    workstation: Workstation, phone: SoftPhone
) -> None:
    second = workstation.activate(SoftPhone(Client(), label="iPhone 15"))
    second.signed_call("DELETE", "/devices/me")
    (latest, *_others) = journal(phone)
    assert (latest["kind"], latest["phone"]) == ("phone_removed", "iPhone 15")


def test_a_phone_that_was_suspended_and_serves_again_is_told_to_the_others(
    workstation: Workstation, phone: SoftPhone
) -> None:
    second = workstation.activate(SoftPhone(Client(), label="iPhone 15"))
    order = Order(kind=TargetKind.DEVICE, target=str(second.device_id), reason="stolen", by="admin")
    login.revoke(order)
    (latest, *_others) = journal(phone)
    assert (latest["kind"], latest["phone"]) == ("phone_suspended", "iPhone 15")
    assert (latest["portal"], latest["method"], latest["receipt"]) == ("", "", False)
    login.lift(order)
    (latest, *_others) = journal(phone)
    assert (latest["kind"], latest["phone"]) == ("phone_resumed", "iPhone 15")
    assert latest["kind"] == journal(second)[0]["kind"]


def test_a_phone_suspended_with_its_holders_card_finds_it_in_the_journal(
    person: Person, workstation: Workstation, phone: SoftPhone
) -> None:
    end_phones(Withdrawal(person_id=person.pk, cause=Cause.CARD_OPPOSED))
    with pytest.raises(RefusedError):
        journal(phone)
    workstation.client.post(reverse("enrollment:put_back", args=[phone.device_id]))
    kinds = [entry["kind"] for entry in journal(phone)]
    assert kinds[:2] == ["phone_resumed", "phone_suspended"]


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_application_has_words_for_every_line(client: Client, language: str) -> None:
    page = client.get("/ecps/", headers={"accept-language": language}).content.decode()
    words = dict(re.findall(r'data-text="journal-(\w+)">(.*?)</p>', page))
    assert set(words) == set(ENTRY_KINDS)
    assert words["phone_suspended"].startswith(
        "Téléphone suspendu" if language == "fr" else "Phone suspended"
    )


def test_a_receipt_verifies_without_the_server(person: Person, phone: SoftPhone) -> None:
    approved(person, phone)
    (entry,) = [each for each in journal(phone) if each["receipt"]]
    receipt = phone.signed_call("GET", f"/journal/{entry['reference']}")
    assert verify_evidence(receipt["evidence"]).client_id == "portal"
    assert receipt["evidence"]["context"]["rp_name"] == "Portail Santé"


@pytest.mark.parametrize("reference", ["XXXXXXXX", "..", "a" * 200])
def test_a_receipt_that_is_not_there_is_refused(phone: SoftPhone, reference: str) -> None:
    with pytest.raises(RefusedError) as caught:
        phone.signed_call("GET", f"/journal/{reference}")
    assert caught.value.code == "no_receipt"


def test_the_rows_of_others_are_nobodys_business(person: Person, phone: SoftPhone) -> None:
    approved(person, phone)
    row = AuditRow.objects.get(event="login", data__method="phone")
    station = Workstation()
    station.log_in_by_card(make_person("899900000045", family_name="Le Goff"))
    other = station.activate(SoftPhone(Client()))
    assert row.reference not in [entry["reference"] for entry in journal(other)]
    with pytest.raises(RefusedError) as caught:
        other.signed_call("GET", f"/journal/{row.reference}")
    assert caught.value.code == "no_receipt"


def test_what_no_phone_signed_has_no_receipt(phone: SoftPhone) -> None:
    row = AuditRow.objects.get(event="device_activated")
    assert row.evidence is not None
    with pytest.raises(RefusedError) as caught:
        phone.signed_call("GET", f"/journal/{row.reference}")
    assert caught.value.code == "no_receipt"


@pytest.mark.parametrize("state", ["suspended", "blocked", "revoked", "pending"])
def test_a_phone_that_is_not_active_reads_nothing(phone: SoftPhone, state: str) -> None:
    Device.objects.update(state=state)
    with pytest.raises(RefusedError):
        journal(phone)


def test_a_year_is_remembered(person: Person, phone: SoftPhone) -> None:
    approved(person, phone)
    Device.objects.update(valid_until=clock.now() + timedelta(days=900))
    AuditRow.objects.update(at=clock.now() - timedelta(days=366))
    assert journal(phone) == []


def test_a_long_journal_costs_one_statement_and_fifty_lines(
    person: Person, phone: SoftPhone
) -> None:
    approved(person, phone)
    signed = AuditRow.objects.get(event="login", data__method="phone")
    for _nth in range(60):
        record(
            event="login",
            outcome=Outcome.ACCEPTED,
            subject=person.national_id,
            data=signed.data,
            evidence=signed.evidence,
        )
    with CaptureQueriesContext(connection) as queries:
        assert len(journal(phone)) == 50
    asked = [each["sql"] for each in queries.captured_queries if "audit_auditrow" in each["sql"]]
    assert len(asked) == 1
