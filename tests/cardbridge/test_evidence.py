"""What a login leaves behind proves it again, offline, and any change shows."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from idp.audit.flows.sealing import seal_pending
from idp.audit.flows.verification import verify
from idp.audit.models import AuditRow
from idp.cardbridge.flows.evidence import verify_evidence
from idp.cardbridge.flows.trust import disable_authority
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.models import AlternativeIdentifier, Person
from idp.directory.rules.professional import Professional
from idp.login.models import LoginAttempt
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one

Evidence = dict[str, Any]


@pytest.fixture
def evidence(sandbox: Path, attempt: LoginAttempt) -> Evidence:
    assert log_in(attempt, sandbox / "midwife") == ""
    kept = AuditRow.objects.get(event="login").evidence
    assert kept is not None
    return dict(kept)


def test_the_evidence_verifies_again(evidence: Evidence) -> None:
    verify_evidence(evidence)
    assert evidence["kind"] == "card"
    assert len(evidence["revocation"]) == 2
    assert "BEGIN" not in json.dumps(evidence)


def test_the_audit_command_verifies_it(evidence: Evidence) -> None:
    seal_pending()
    report = verify()
    assert (report.first_bad, report.evidence_checked) == (None, 1)


def test_it_still_verifies_when_the_authorities_are_disabled_and_the_lists_gone(
    evidence: Evidence,
) -> None:
    for row in TrustedCertificate.objects.all():
        disable_authority(fingerprint=row.sha256)
    RevocationList.objects.all().delete()
    verify_evidence(evidence)


def test_an_authority_never_trusted_here_proves_nothing(evidence: Evidence) -> None:
    TrustedCertificate.objects.all().delete()
    with pytest.raises(IdpError, match="unknown_issuer"):
        verify_evidence(evidence)


def test_it_is_judged_at_the_instant_of_the_login(evidence: Evidence) -> None:
    row = AuditRow.objects.get(event="login")
    with clock.frozen(row.at.replace(year=row.at.year + 5)), pytest.raises(IdpError):
        verify_evidence(evidence)


@pytest.mark.parametrize(
    "change",
    [
        lambda e: e.update(origin="https://evil.example"),
        lambda e: e.update(challenge="A" * 43 + "="),
        lambda e: e.update(algorithm="RS256"),
        lambda e: e.update(algorithm="none"),
        lambda e: e.update(national_id="899900000011"),
        lambda e: e.update(signature="A" * 86 + "=="),
        lambda e: e.update(signature=None),
        lambda e: e.update(certificate=e["chain"][0]),
        lambda e: e.update(chain=e["chain"][:1]),
        lambda e: e.update(chain=[]),
        lambda e: e.update(chain=None),
        lambda e: e.pop("certificate"),
    ],
)
def test_a_changed_member_is_found(evidence: Evidence, change: Callable[[Evidence], Any]) -> None:
    altered = copy.deepcopy(evidence)
    change(altered)
    with pytest.raises(IdpError):
        verify_evidence(altered)


def test_the_evidence_of_two_cards_that_was_exchanged_is_found(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    assert log_in(attempt, sandbox / "midwife") == ""
    assert log_in(open_one(), sandbox / "doctor") == ""
    assert verify().first_bad is None
    midwife, doctor = AuditRow.objects.filter(event="login").order_by("id")
    AuditRow.objects.filter(pk=midwife.pk).update(evidence=doctor.evidence)
    AuditRow.objects.filter(pk=doctor.pk).update(evidence=midwife.evidence)
    assert "another person" in (verify().first_bad or "")


def test_an_older_card_bears_out_the_number_its_holder_has_now(
    sandbox: Path, evidence: Evidence
) -> None:
    """The directory gave the holder a new main identifier after the card was made."""
    now = "899900000128"
    card = str(evidence["national_id"])
    person = Person.objects.get(national_id=card)
    Person.objects.filter(national_id=now).delete()
    AlternativeIdentifier.objects.create(person=person, identifier=now, origin="RPPS", quality=2)
    renamed = replace(Professional.from_snapshot(person.snapshot), national_id=now)
    Person.objects.filter(pk=person.pk).update(national_id=now, snapshot=renamed.to_snapshot())
    assert now in verify_evidence(evidence).subjects
    assert card in verify_evidence(evidence).subjects
