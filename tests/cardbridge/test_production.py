"""The sandbox's root opens nothing in production, however it got there."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from pytest_django import Settings

from idp.audit.models import AuditRow
from idp.cardbridge.flows.crl import refresh_due_crls
from idp.cardbridge.flows.evidence import verify_evidence
from idp.cardbridge.flows.trust import Wish, import_authorities
from idp.cardbridge.flows.trust_store import current_trust
from idp.cardbridge.gateways.pki import read_certificate
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.cardbridge.rules.card_checks import CARD_CHECKS, Acceptance
from idp.cardbridge.rules.card_kinds import CardKind
from idp.cardbridge.rules.oids import SANDBOX_POLICY
from idp.cardbridge.rules.refusals import CardRefusedError
from idp.configuration import Mode
from idp.core import outbound
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.login.models import LoginAttempt
from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft, private_extensions
from tests.cardbridge.steps import log_in


@pytest.fixture
def production(sandbox: Path, attempt: LoginAttempt, settings: Settings) -> None:
    """The database of a sandbox, copied under a production."""
    settings.HYGIE = replace(
        settings.HYGIE,
        mode=Mode.PRODUCTION,
        base_url="https://idp.example",
        accepted_card_policies=(SANDBOX_POLICY,),
    )
    # The people too: what refuses is the trust, not the directory.
    Person.objects.update(is_test=False)


@pytest.fixture
def root(hierarchy: Hierarchy) -> Credential:
    return hierarchy.authorities[AuthorityName.ROOT_FORT]


def test_a_test_root_in_the_database_is_not_used(
    sandbox: Path, attempt: LoginAttempt, production: None
) -> None:
    assert TrustedCertificate.objects.filter(enabled=True).count() == 4
    assert current_trust().authorities == {}
    assert log_in(attempt, sandbox / "doctor") == "unknown_issuer"


def test_a_test_root_that_hides_its_mark_is_not_used(
    sandbox: Path, attempt: LoginAttempt, production: None
) -> None:
    TrustedCertificate.objects.update(is_test=False)
    assert log_in(attempt, sandbox / "doctor") == "unknown_issuer"


def test_a_trust_cached_in_the_sandbox_is_not_used(
    sandbox: Path, attempt: LoginAttempt, settings: Settings
) -> None:
    assert len(current_trust().authorities) == 4
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION, base_url="https://idp.example")
    assert log_in(attempt, sandbox / "doctor") == "unknown_issuer"


def test_a_test_root_is_refused_at_import_whatever_the_operator_accepts(
    root: Credential, production: None, tmp_path: Path
) -> None:
    fingerprint = root.certificate.fingerprint(hashes.SHA256()).hex()
    data = root.certificate.public_bytes(Encoding.PEM)
    with pytest.raises(IdpError, match="sandbox mode only"):
        import_authorities(data=data, wish=Wish(accept={fingerprint}))
    file = tmp_path / "root.pem"
    file.write_bytes(data)
    with pytest.raises(CommandError, match="sandbox mode only"):
        call_command("trust", "import", str(file), "--accept", fingerprint)


def test_the_system_check_names_the_test_root(production: None) -> None:
    errors = [each for each in run_checks() if each.id == "cardbridge.E001"]
    assert len(errors) == 4
    assert all("TEST" in each.msg for each in errors)


def test_the_system_check_sees_a_test_root_that_hides_its_mark(production: None) -> None:
    TrustedCertificate.objects.update(is_test=False)
    assert [each.id for each in run_checks()].count("cardbridge.E001") == 4


def test_the_system_check_is_quiet_in_the_sandbox(sandbox: Path) -> None:
    assert not [each for each in run_checks() if str(each.id).startswith("cardbridge")]


def test_the_system_check_is_quiet_in_a_clean_production(production: None) -> None:
    TrustedCertificate.objects.all().delete()
    assert not [each for each in run_checks() if str(each.id).startswith("cardbridge")]


def test_a_production_without_accepted_policies_is_warned(
    production: None, settings: Settings
) -> None:
    settings.HYGIE = replace(settings.HYGIE, accepted_card_policies=())
    assert "cardbridge.W001" in [each.id for each in run_checks()]


def test_test_evidence_proves_nothing_in_production(
    sandbox: Path, attempt: LoginAttempt, settings: Settings
) -> None:
    assert log_in(attempt, sandbox / "doctor") == ""
    evidence = AuditRow.objects.get(event="login").evidence
    assert evidence is not None
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION, base_url="https://idp.example")
    with pytest.raises(IdpError, match="unknown_issuer"):
        verify_evidence(evidence)


def test_the_lists_of_a_test_authority_are_not_fetched(
    production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    RevocationList.objects.all().delete()
    monkeypatch.setattr(outbound, "send", pytest.fail)
    assert refresh_due_crls().fetched == 0


def judge(certificate: Credential, *, test_cards: bool, policies: frozenset[str]) -> str:
    facts = read_certificate(certificate.certificate.public_bytes(Encoding.DER)).facts
    try:
        for check in CARD_CHECKS:
            check(
                facts,
                Acceptance(policies=policies, test_cards=test_cards, kinds=frozenset(CardKind)),
            )
    except CardRefusedError as error:
        return error.code
    return ""


@pytest.mark.parametrize(
    ("category", "in_sandbox", "in_production"),
    [(0x80, "", "test_card"), (0x00, "", ""), (0x82, "not_a_card", "not_a_card")],
)
def test_a_test_category_is_a_card_in_the_sandbox_only(
    fort: Credential, category: int, in_sandbox: str, in_production: str
) -> None:
    private = private_extensions(category=asn1.encode_der(bytes([category])))
    card = craft(fort, Recipe(private=private))
    policies = frozenset({SANDBOX_POLICY})
    assert judge(card, test_cards=True, policies=policies) == in_sandbox
    assert judge(card, test_cards=False, policies=policies) == in_production


def test_no_accepted_policy_accepts_no_card(fort: Credential) -> None:
    assert judge(craft(fort), test_cards=True, policies=frozenset()) == "policy_refused"
