"""Every card of the sandbox does what its label says."""

import json
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django import DjangoAssertNumQueries

from idp.audit.models import AuditRow
from idp.cardbridge.flows.answer import log_in_with_card
from idp.cardbridge.flows.challenges import issue_challenge
from idp.core.errors import IdpError
from idp.login.models import LoginAttempt
from tests.cardbridge.steps import answer, log_in
from tests.emulators.cards import make_token


@pytest.mark.parametrize(
    ("card", "national_id"),
    [
        ("doctor", "899900000011"),
        ("midwife", "899900000052"),
        ("pharmacist", "899900000037"),
        ("nurse", "899900000045"),
        ("student", "899900000086"),
        ("retired", "899900000094"),
    ],
)
def test_a_good_card_logs_its_holder_in(
    sandbox: Path, attempt: LoginAttempt, card: str, national_id: str
) -> None:
    assert log_in(attempt, sandbox / card) == ""
    proof = attempt.proof
    assert proof is not None
    assert proof.national_id == national_id
    assert proof.is_test
    assert proof.method == "card"
    assert proof.auth_mode == "CARD"
    assert proof.amr == ("sc", "pin", "mfa", "hwk")
    assert proof.level == settings.HYGIE.card_level
    row = AuditRow.objects.get(event="login")
    assert (row.outcome, row.subject, row.is_test) == ("accepted", national_id, True)
    assert not AuditRow.objects.filter(event="card_profession_differs").exists()


@pytest.mark.parametrize(
    ("card", "code", "subject"),
    [
        ("revoked", "card_revoked", "899900000078"),
        ("expired", "card_expired", ""),
        ("other-policy", "policy_refused", ""),
        ("software", "software_certificate", ""),
        ("service", "service_card", ""),
    ],
)
def test_a_bad_card_is_refused_with_its_own_code_and_an_audit_row(
    sandbox: Path, attempt: LoginAttempt, card: str, code: str, subject: str
) -> None:
    assert log_in(attempt, sandbox / card) == code
    row = AuditRow.objects.get(event="login")
    assert (row.outcome, row.data["code"], row.subject) == ("refused", code, subject)
    attempt.refresh_from_db()
    assert attempt.state == "open"


@pytest.mark.parametrize("card", ["signature-only", "doctor", "midwife"])
def test_the_signature_key_of_a_card_never_logs_in(
    sandbox: Path, attempt: LoginAttempt, card: str
) -> None:
    assert log_in(attempt, sandbox / card, use="sign") == "signature_certificate"


def test_an_expired_card_is_told_its_date(sandbox: Path, attempt: LoginAttempt) -> None:
    issued = issue_challenge(attempt=attempt)
    token = make_token(sandbox / "expired", settings.HYGIE.origin, issued.challenge)

    with pytest.raises(IdpError, match="card_expired") as refused:
        log_in_with_card(attempt=attempt, body=json.dumps(token).encode())
    assert "valable jusqu’au" in refused.value.description


def test_a_card_of_another_policy_is_told_that_it_is_whole_and_the_operator_which_policy(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    issued = issue_challenge(attempt=attempt)
    token = make_token(sandbox / "other-policy", settings.HYGIE.origin, issued.challenge)

    with pytest.raises(IdpError, match="policy_refused") as refused:
        log_in_with_card(attempt=attempt, body=json.dumps(token).encode())
    assert "ni bloquée ni abîmée" in refused.value.description
    # The number is the operator's, who may have to accept it: nothing that a person could use.
    assert "2.999" not in refused.value.description
    assert "2.999.1.2.2" in str(AuditRow.objects.get(event="login").data["detail"])


def test_a_login_costs_few_statements(
    sandbox: Path, attempt: LoginAttempt, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    issue_challenge(attempt=attempt)
    log_in(attempt, sandbox / "doctor")  # parses trust and lists once for this process
    second = LoginAttempt.objects.get(pk=attempt.pk)
    LoginAttempt.objects.filter(pk=attempt.pk).update(state="open", authentication=None)
    second.refresh_from_db()
    challenge = issue_challenge(attempt=second).challenge
    token = make_token(sandbox / "doctor", settings.HYGIE.origin, challenge)
    # challenge 2, trust 1, revocation 2 (lists; register, orders), directory 1, card 1, standing 1,
    # savepoint 2, audit 1, attempt 1, its re-reading 1
    with django_assert_max_num_queries(13):
        assert answer(second, token) == ""
