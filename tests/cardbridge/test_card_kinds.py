"""The six cards and the nameless one: told apart by extension, let in by the table in settings."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from idp import configuration
from idp import settings as project_settings
from idp.audit.models import AuditRow
from idp.cardbridge.flows.evidence import verify_evidence
from idp.cardbridge.gateways import names
from idp.cardbridge.gateways.pki import read_certificate
from idp.cardbridge.rules import oids
from idp.cardbridge.rules.card_kinds import CardKind, kind_of
from idp.cardbridge.rules.oids import SURNAME
from idp.directory.models import AlternativeIdentifier, Card, Person
from idp.directory.rules.professional import Professional
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import LoginPolicy
from idp.sandbox.pki.cards import credentials_of
from idp.sandbox.pki.catalogue import CATALOGUE
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import DOCTOR, Recipe, craft, private_extensions
from tests.cardbridge.steps import log_in
from tests.login.conftest import open_one
from tests.people import make_person

_T61 = x509.name._ASN1Type.T61String
NAMELESS = {NameOID.COMMON_NAME: "3990000012/000000018"}


def of_type(number: int | None, *, responsibility: int | None = None) -> Recipe:
    product_type = None if number is None else asn1.encode_der(number)
    private = private_extensions(product_type=product_type)
    if responsibility is not None:
        private[oids.RESPONSIBILITY] = asn1.encode_der(responsibility)
    return Recipe(private=private)


KINDS = {
    CardKind.CPS: of_type(0),
    CardKind.CPF: of_type(1),
    CardKind.CPE: of_type(2),
    CardKind.CDE: of_type(2, responsibility=1),
    CardKind.CPA: of_type(3),
    CardKind.CDA: of_type(3, responsibility=1),
}


def kind_of_recipe(issuer: Credential, recipe: Recipe) -> CardKind | None:
    certificate = craft(issuer, recipe).certificate
    return kind_of(read_certificate(certificate.public_bytes(Encoding.DER)).facts)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_by_its_extensions_and_logs_in_by_default(
    fort: Credential, attempt: LoginAttempt, kind: CardKind
) -> None:
    assert kind_of_recipe(fort, KINDS[kind]) is kind
    assert log_in(attempt, craft(fort, KINDS[kind])) == ""
    assert Card.objects.get().kind == kind


@pytest.mark.parametrize("responsibility", [0, 2])
def test_an_employee_or_a_deputy_is_no_director(fort: Credential, responsibility: int) -> None:
    assert kind_of_recipe(fort, of_type(2, responsibility=responsibility)) is CardKind.CPE
    assert kind_of_recipe(fort, of_type(3, responsibility=responsibility)) is CardKind.CPA


def test_a_professional_with_responsibility_keeps_his_card(fort: Credential) -> None:
    assert kind_of_recipe(fort, of_type(0, responsibility=1)) is CardKind.CPS


@pytest.mark.parametrize("number", [None, 4, 255])
def test_another_product_type_is_no_kind(fort: Credential, number: int | None) -> None:
    assert kind_of_recipe(fort, of_type(number)) is None


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_a_card_without_a_name_is_a_service_card_whatever_its_type(
    fort: Credential, number: int
) -> None:
    recipe = replace(of_type(number), subject=dict(NAMELESS))
    assert kind_of_recipe(fort, recipe) is CardKind.SERVICE


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_the_table_refuses_does_not_log_in(
    fort: Credential, attempt: LoginAttempt, settings: Settings, kind: CardKind
) -> None:
    settings.HYGIE = replace(settings.HYGIE, card_types={kind: ""})
    assert log_in(attempt, craft(fort, KINDS[kind])) == "card_type_refused"


def test_a_kind_reaches_the_level_of_the_table(
    fort: Credential, attempt: LoginAttempt, settings: Settings
) -> None:
    settings.HYGIE = replace(settings.HYGIE, card_types={"CPE": "eidas1"})
    assert log_in(attempt, craft(fort, KINDS[CardKind.CPE])) == ""
    assert attempt.proof is not None
    assert attempt.proof.level == "eidas1"
    asked = open_one(LoginPolicy(acr_values=("eidas2",)))
    refused = log_in(asked, craft(fort, KINDS[CardKind.CPE]))
    assert refused == "unmet_authentication_requirements"
    assert log_in(asked, craft(fort, KINDS[CardKind.CPS])) == ""


def test_a_service_card_logs_in_only_where_the_table_says_so(
    fort: Credential, settings: Settings
) -> None:
    recipe = replace(of_type(2), subject=dict(NAMELESS))
    assert log_in(open_one(), craft(fort, recipe)) == "service_card"
    settings.HYGIE = replace(settings.HYGIE, card_types={"SERVICE": "eidas1"})
    # It is somebody only where the directory has it.
    assert log_in(open_one(), craft(fort, recipe)) == "professional_unknown"
    nurse = Person.objects.get(national_id="899900000045")
    AlternativeIdentifier.objects.create(
        person=nurse, identifier=NAMELESS[NameOID.COMMON_NAME], origin="FINESS", quality=2
    )
    assert log_in(open_one(), craft(fort, recipe)) == ""


def test_a_cpf_logs_in_as_category_e(sandbox: Path, attempt: LoginAttempt) -> None:
    assert log_in(attempt, sandbox / "student") == ""
    proof = attempt.proof
    assert proof is not None
    snapshot = Person.objects.get(pk=proof.person_id).snapshot
    (exercice,) = Professional.from_snapshot(snapshot).exercices
    assert exercice.code_categorie_professionnelle == "E"
    assert Card.objects.get().kind == "CPF"


@pytest.mark.parametrize(
    "national_id",
    [
        "899900000219",
        "00B1058110",
        "10B0127189/CPAT0001",
        "3990000012/000000018",
        "4187512751/CPAT0001",
        "500000000029751/CPAT0001",
        "699900000000012/CPAT0001",
    ],
    ids=["8 RPPS", "0 ADELI", "1 cabinet", "3 FINESS", "4 SIREN", "5 SIRET", "6 cabinet RPPS"],
)
def test_each_form_of_identifier_leads_to_its_person(
    fort: Credential, attempt: LoginAttempt, national_id: str
) -> None:
    person = make_person(national_id)
    subject = DOCTOR | {NameOID.COMMON_NAME: national_id}
    assert log_in(attempt, craft(fort, Recipe(subject=subject))) == ""
    assert attempt.proof is not None
    assert attempt.proof.person_id == person.pk


@pytest.mark.parametrize("prefix", ["2", "7", "9"])
def test_another_prefix_is_no_identifier(
    fort: Credential, attempt: LoginAttempt, prefix: str
) -> None:
    subject = DOCTOR | {NameOID.COMMON_NAME: f"{prefix}99900000219"}
    assert log_in(attempt, craft(fort, Recipe(subject=subject))) == "identity_unreadable"


def with_t61_surname(issuer: Credential) -> Credential:
    """As the older hierarchy wrote it: Latin-1 in a T61String, which the builder cannot make."""
    written = x509.NameAttribute(NameOID.SURNAME, "Lef_vre", _T61)
    subject = {oid: text for oid, text in DOCTOR.items() if oid != NameOID.SURNAME}
    made = craft(issuer, Recipe(subject=subject, extra_rdn=(written,)))
    body = made.certificate.tbs_certificate_bytes.replace(b"Lef_vre", b"Lef\xe8vre")
    assert isinstance(issuer.key, rsa.RSAPrivateKey)
    signature = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA256())
    der = (
        made.certificate.public_bytes(Encoding.DER)
        .replace(made.certificate.tbs_certificate_bytes, body)
        .replace(made.certificate.signature, signature)
    )
    return Credential(certificate=x509.load_der_x509_certificate(der), key=made.key)


def test_names_in_t61_are_read(fort: Credential, attempt: LoginAttempt) -> None:
    card = with_t61_surname(fort)
    assert read_certificate(card.certificate.public_bytes(Encoding.DER)).facts.attribute(
        SURNAME
    ) == ("Lefèvre")
    assert log_in(attempt, card) == ""
    evidence = AuditRow.objects.get(event="login").evidence
    assert evidence is not None
    verify_evidence(evidence)


def test_both_ways_of_reading_a_name_agree(sandbox: Path) -> None:
    for spec in CATALOGUE:
        for credential in credentials_of(sandbox, spec.id):
            parsed = credential.certificate
            walked = tuple(names._walk(parsed.tbs_certificate_bytes))
            assert walked == names.subject_of(parsed)


def test_the_table_of_settings_names_the_kinds() -> None:
    assert set(configuration.CARD_TYPES) == {str(kind) for kind in CardKind}


@pytest.mark.parametrize("text", ["CPE", "CPE=yes", "XYZ=eidas1", "cpe=eidas1", "CPE=eidas9"])
def test_a_table_that_cannot_be_read_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("HYGIE_CARD_TYPES", text)
    with pytest.raises(ImproperlyConfigured, match="HYGIE_CARD_TYPES"):
        project_settings._card_types()


def test_the_table_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HYGIE_CARD_TYPES", "CPE=eidas1,CPA=no,SERVICE=eidas1")
    assert project_settings._card_types() == {"CPE": "eidas1", "CPA": "", "SERVICE": "eidas1"}


def test_the_method_is_offered_at_the_best_level_of_a_card(settings: Settings) -> None:
    hygie = replace(settings.HYGIE, card_types={"CPE": "eidas1", "CPS": "eidas3"})
    assert hygie.highest_card_level == "eidas3"
