"""The audit log: sealed in order, and every alteration is found."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command

from idp.audit.flows import Outcome, record
from idp.audit.flows.sealing import seal_pending
from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow, ChainHead
from idp.audit.rules.chain import Anchor, link
from idp.audit.rules.statement import Statement
from idp.core.errors import IdpError

pytestmark = pytest.mark.django_db


def write(count: int = 3) -> None:
    for number in range(count):
        record(event="session_ended", outcome=Outcome.ACCEPTED, subject="8999", data={"n": number})


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
        {"uid": UUID(int=0)},
        {"at": datetime(2026, 1, 1, tzinfo=UTC)},
        {"event": "login"},
        {"reference": "AAAAAAAA"},
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


def test_what_is_sealed_during_the_verification_is_no_error(settings: Any) -> None:
    settings.AUDIT_EVIDENCE_VERIFIERS = {"card": f"{__name__}.seal_one_more"}
    record(event="login", outcome=Outcome.ACCEPTED, evidence={"kind": "card"})
    write(1)
    seal_pending()
    assert verify().first_bad is None


def seal_one_more(_evidence: dict[str, Any]) -> Statement:
    """What the worker does while the operator verifies."""
    write(1)
    seal_pending()
    return Statement()


def test_a_row_that_the_sealer_did_not_add_is_found() -> None:
    write(2)
    seal_pending()
    head = ChainHead.objects.get()
    write(1)
    seal_pending()
    head.save()
    assert (verify().first_bad or "").startswith("row 3: was not sealed")


def test_a_last_row_that_was_replaced_with_its_seal_is_found() -> None:
    write(2)
    seal_pending()
    last = AuditRow.objects.get(sequence=2)
    last.subject = "8111"
    first = AuditRow.objects.get(sequence=1)
    last.chain_hash = link(bytes(first.chain_hash or b""), 2, last.content())
    last.save()
    assert (verify().first_bad or "").startswith("row 2: is not the one")


def test_a_tail_cut_off_with_the_head_does_not_fit_an_anchor_that_was_kept() -> None:
    write(3)
    seal_pending()
    kept = verify().anchor
    AuditRow.objects.filter(sequence=3).delete()
    second = AuditRow.objects.get(sequence=2)
    ChainHead.objects.update(sequence=2, chain_hash=second.chain_hash)
    assert verify().first_bad is None
    assert (verify(kept=kept).first_bad or "").startswith("row 3: missing (an anchor")


def test_a_log_that_was_sealed_anew_does_not_fit_an_anchor_that_was_kept() -> None:
    write(3)
    seal_pending()
    kept = verify().anchor
    write(1)
    AuditRow.objects.filter(sequence=2).update(subject="8111")
    AuditRow.objects.update(sequence=None, chain_hash=None)
    ChainHead.objects.all().delete()
    seal_pending()
    assert verify().first_bad is None
    assert (verify(kept=kept).first_bad or "").startswith("row 3: is not the one of the anchor")


def test_a_log_that_went_on_fits_an_anchor_that_was_kept() -> None:
    write(2)
    seal_pending()
    kept = verify().anchor
    write(2)
    seal_pending()
    assert verify(kept=kept).first_bad is None


@pytest.mark.parametrize(
    "text", ["", "3", "3:ab", f"x:{'0' * 64}", f"-1:{'0' * 64}", "3:" + "g" * 64]
)
def test_what_is_no_anchor_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an anchor is"):
        Anchor.parse(text)


def test_the_command_prints_an_anchor_that_it_takes_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write(2)
    seal_pending()
    call_command("audit", "verify")
    (anchor,) = (
        line.removeprefix("anchor ")
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("anchor ")
    )
    call_command("audit", "verify", "--anchor", anchor)
    with pytest.raises(SystemExit):
        call_command("audit", "verify", "--anchor", f"9:{'0' * 64}")


@pytest.mark.parametrize("evidence", [["card"], "card", {"kind": "card"}, {"kind": "phone"}])
def test_evidence_without_its_shape_is_named_and_not_stumbled_over(evidence: Any) -> None:
    write(1)
    AuditRow.objects.update(evidence=evidence)
    bad = verify().first_bad or ""
    assert bad.startswith("unsealed row, id ")


def test_text_that_someone_typed_is_bounded_before_it_is_kept() -> None:
    row = record(
        event="login", outcome=Outcome.REFUSED, subject="8\0" + "9" * 100, client_id="c" * 300
    )
    row.refresh_from_db()
    assert row.subject == "8\N{REPLACEMENT CHARACTER}" + "9" * 78
    assert len(row.client_id) == 200


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
