"""Evidence is of its row: of this person, this portal, this device, and used once."""

from typing import Any

import pytest

from idp.audit.flows import Outcome, record
from idp.audit.flows.sealing import seal_pending
from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.audit.rules.statement import Statement

pytestmark = pytest.mark.django_db

DOCTOR, MIDWIFE = "899900000011", "899900000029"


def read(evidence: dict[str, Any]) -> Statement:
    """Evidence of these tests says in clear what real evidence signs."""
    said = dict(evidence["says"])
    return Statement(
        **{
            **said,
            "subjects": frozenset(said.get("subjects", ())),
            "introduces": frozenset(said.get("introduces", ())),
        }
    )


@pytest.fixture(autouse=True)
def _own_kinds(settings: Any) -> None:
    settings.AUDIT_EVIDENCE_VERIFIERS = {"card": f"{__name__}.read"}
    settings.AUDIT_EVIDENCE_ONCE = {"card": "challenge"}


def log_in(challenge: str = "c", subject: str = DOCTOR, **says: Any) -> AuditRow:
    return record(
        event="login",
        outcome=Outcome.ACCEPTED,
        subject=subject,
        client_id="portal",
        data={"method": "card"},
        evidence={"kind": "card", "challenge": challenge, "says": says},
    )


def flaw() -> str:
    return verify().first_bad or ""


def test_evidence_that_bears_its_row_out_is_accepted() -> None:
    log_in(subjects=[DOCTOR], client_id="portal")
    assert not flaw()


def test_evidence_that_names_nobody_is_no_contradiction() -> None:
    log_in()
    assert not flaw()


@pytest.mark.parametrize("sealed", [True, False])
def test_evidence_of_two_logins_that_was_exchanged_is_found(*, sealed: bool) -> None:
    first = log_in("1", DOCTOR, subjects=[DOCTOR])
    second = log_in("2", MIDWIFE, subjects=[MIDWIFE])
    AuditRow.objects.filter(pk=first.pk).update(evidence=second.evidence)
    AuditRow.objects.filter(pk=second.pk).update(evidence=first.evidence)
    if sealed:
        # Whoever can write the whole table can write the seals too.
        seal_pending()
    assert first.reference in flaw()
    assert "another person" in flaw()


def test_evidence_for_another_portal_is_found() -> None:
    log_in(client_id="elsewhere")
    assert "another portal" in flaw()


def test_a_device_that_nobody_activated_is_found() -> None:
    log_in(signed_by="key")
    assert "not activated" in flaw()


def test_a_device_of_another_person_is_found() -> None:
    log_in("1", MIDWIFE, introduces=["key"])
    log_in("2", DOCTOR, signed_by="key")
    assert "not activated" in flaw()


def test_a_device_cannot_sign_before_it_was_activated() -> None:
    log_in("1", signed_by="key")
    log_in("2", introduces=["key"])
    assert "not activated" in flaw()


def test_a_device_is_not_given_to_another_person_by_a_later_row() -> None:
    log_in("1", MIDWIFE, introduces=["key"])
    log_in("2", DOCTOR, introduces=["key"])
    log_in("3", DOCTOR, signed_by="key")
    assert "not activated" in flaw()


def test_a_device_that_was_activated_signs() -> None:
    log_in("1", introduces=["key"])
    log_in("2", signed_by="key")
    seal_pending()
    log_in("3", signed_by="key")
    assert not flaw()


def test_a_login_that_was_copied_is_found() -> None:
    log_in("same", subjects=[DOCTOR])
    again = log_in("same", subjects=[DOCTOR])
    seal_pending()
    assert flaw() == f"row 2 ({again.reference}): evidence of an earlier row, used again"


@pytest.mark.parametrize("event", ["login", "device_activated"])
def test_a_row_whose_evidence_was_taken_away_is_found(event: str) -> None:
    record(event=event, outcome=Outcome.ACCEPTED, subject=DOCTOR, data={"method": "card"})
    assert "its evidence is missing" in flaw()


def test_a_refusal_needs_no_evidence() -> None:
    record(event="login", outcome=Outcome.REFUSED, subject=DOCTOR, data={"method": "card"})
    assert not flaw()


@pytest.mark.parametrize(
    ("is_test", "method", "is_accepted"),
    [(True, "test", True), (True, "card", False), (False, "test", False)],
)
def test_only_a_test_identity_logs_in_without_evidence(
    *, is_test: bool, method: str, is_accepted: bool
) -> None:
    record(
        event="login",
        outcome=Outcome.ACCEPTED,
        subject=DOCTOR,
        is_test=is_test,
        data={"method": method},
    )
    assert (not flaw()) is is_accepted
