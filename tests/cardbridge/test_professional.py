"""The card says who, the directory says what: differences are kept in the audit log."""

from pathlib import Path

from cryptography.hazmat import asn1

from idp.audit.models import AuditRow
from idp.directory.models import AlternativeIdentifier, Person
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import LoginPolicy
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft, private_extensions
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one


def test_a_profession_that_the_directory_does_not_have_is_audited_not_refused(
    fort: Credential, attempt: LoginAttempt
) -> None:
    private = private_extensions(profession=asn1.encode_der(60))
    assert log_in(attempt, craft(fort, Recipe(private=private))) == ""
    row = AuditRow.objects.get(event="card_profession_differs")
    assert row.data["card"] == {"profession": "60", "in_training": False}
    assert row.data["directory"] == [{"profession": "10", "in_training": False}]
    assert row.subject == "899900000011"


def test_a_student_code_is_not_the_profession_of_the_same_number(
    fort: Credential, attempt: LoginAttempt
) -> None:
    private = private_extensions(profession=None, future_profession=asn1.encode_der(10))
    assert log_in(attempt, craft(fort, Recipe(private=private))) == ""
    assert AuditRow.objects.filter(event="card_profession_differs").exists()


def test_an_unknown_professional_is_refused_under_the_number_of_the_card(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    Person.objects.get(national_id="899900000011").delete()
    assert log_in(attempt, sandbox / "doctor") == "professional_unknown"
    assert AuditRow.objects.get(event="login").subject == "899900000011"


def test_an_older_identifier_leads_to_the_same_person(sandbox: Path, attempt: LoginAttempt) -> None:
    nurse = Person.objects.get(national_id="899900000045")
    Person.objects.get(national_id="899900000011").delete()
    AlternativeIdentifier.objects.create(
        person=nurse, identifier="899900000011", origin="RPPS", quality=2
    )
    assert log_in(attempt, sandbox / "doctor") == ""
    proof = attempt.proof
    assert proof is not None
    assert proof.person_id == nurse.pk


def test_a_policy_that_the_card_does_not_reach_is_refused_and_audited(sandbox: Path) -> None:
    attempt = open_one(LoginPolicy(acr_values=("eidas3",)))
    assert log_in(attempt, sandbox / "doctor") == "unmet_authentication_requirements"
    assert AuditRow.objects.get(event="login").outcome == "refused"
