"""The audit log: sealed in order, and every alteration is found."""

from typing import Any

import pytest
from django.core.management import call_command

from idp.audit.flows import Outcome, record
from idp.audit.flows.sealing import seal_pending
from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow, ChainHead
from idp.core.errors import IdpError

pytestmark = pytest.mark.django_db


def write(count: int = 3) -> None:
    for number in range(count):
        record(event="login", outcome=Outcome.ACCEPTED, subject="8999", data={"n": number})


def test_an_empty_log_is_intact() -> None:
    assert verify().first_bad is None


def test_rows_are_sealed_in_order_and_once() -> None:
    write(3)
    assert seal_pending() == 3
    assert seal_pending() == 0
    assert list(AuditRow.objects.values_list("sequence", flat=True)) == [1, 2, 3]
    report = verify()
    assert (report.sealed, report.unsealed, report.first_bad) == (3, 0, None)


def test_verification_says_what_is_not_yet_sealed() -> None:
    write(2)
    seal_pending()
    write(1)
    report = verify()
    assert (report.sealed, report.unsealed) == (2, 1)


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "8111"},
        {"outcome": "refused"},
        {"data": {"n": 99}},
        {"client_id": "other"},
        {"is_test": True},
        {"evidence": {"kind": "card"}},
        {"chain_hash": bytes(32)},
    ],
)
def test_a_row_altered_by_hand_is_named(change: dict[str, Any]) -> None:
    write(3)
    seal_pending()
    AuditRow.objects.filter(sequence=2).update(**change)
    assert (verify().first_bad or "").startswith("row 2 ")


def test_a_row_removed_from_the_middle_is_named() -> None:
    write(3)
    seal_pending()
    AuditRow.objects.filter(sequence=2).delete()
    assert (verify().first_bad or "").startswith("row 2: missing")


def test_a_tail_cut_off_is_found() -> None:
    write(3)
    seal_pending()
    AuditRow.objects.filter(sequence=3).delete()
    assert (verify().first_bad or "").startswith("row 3: missing")


def test_two_rows_exchanged_are_found() -> None:
    write(3)
    seal_pending()
    first, second = AuditRow.objects.filter(sequence__in=[1, 2]).order_by("sequence")
    AuditRow.objects.filter(pk=first.pk).update(sequence=99)
    AuditRow.objects.filter(pk=second.pk).update(sequence=1)
    AuditRow.objects.filter(pk=first.pk).update(sequence=2)
    assert (verify().first_bad or "").startswith("row 1 ")


def test_a_lost_head_is_found() -> None:
    write(1)
    seal_pending()
    ChainHead.objects.all().delete()
    assert "head" in (verify().first_bad or "")


def test_evidence_of_an_unknown_kind_is_named() -> None:
    record(event="login", outcome=Outcome.ACCEPTED, evidence={"kind": "palmistry"})
    assert "palmistry" in (verify().first_bad or "")


def refuse(_evidence: dict[str, Any]) -> None:
    raise IdpError("signature_invalid", "")


def test_evidence_that_its_verifier_refuses_is_named(settings: Any) -> None:
    settings.AUDIT_EVIDENCE_VERIFIERS = {"card": f"{__name__}.refuse"}
    record(event="login", outcome=Outcome.ACCEPTED, evidence={"kind": "card"})
    seal_pending()
    assert "signature_invalid" in (verify().first_bad or "")


def test_the_command_ends_well_on_an_intact_log(capsys: pytest.CaptureFixture[str]) -> None:
    write(2)
    seal_pending()
    call_command("audit", "verify")
    assert "2 rows sealed" in capsys.readouterr().out


def test_the_command_fails_and_names_the_first_bad_row(capsys: pytest.CaptureFixture[str]) -> None:
    write(2)
    seal_pending()
    AuditRow.objects.filter(sequence=1).update(subject="8111")
    with pytest.raises(SystemExit) as stop:
        call_command("audit", "verify")
    assert stop.value.code == 1
    assert "row 1 " in capsys.readouterr().err


def test_the_command_shows_what_a_reference_stands_for(capsys: pytest.CaptureFixture[str]) -> None:
    row = record(event="login", outcome=Outcome.REFUSED, subject="8999", data={"code": "revoked"})
    call_command("audit", "show", row.reference.lower())
    assert "revoked" in capsys.readouterr().out
