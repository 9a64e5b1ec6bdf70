"""The sandbox's PKI has the shape of IGC-Santé, says TEST everywhere, and makes itself once."""

import json
import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.configuration import Mode
from idp.core import clock
from idp.directory.models import ImportBatch, Person
from idp.sandbox.pki.catalogue import CATALOGUE
from idp.sandbox.pki.hierarchy import AuthorityName
from idp.sandbox.pki.installation import set_up
from idp.sandbox.pki.lists import RENEW_BEFORE
from tests.cardbridge.steps import load_addresses

EXTENSION = {
    "category": "1.2.250.1.71.1.2.5",
    "product_type": "1.2.250.1.71.1.2.2",
    "card_number": "1.2.250.1.71.1.2.3",
    "profession": "1.2.250.1.71.1.2.7",
    "future_profession": "1.2.250.1.71.1.2.8",
    "savoir_faire": "1.2.250.1.71.4.2.5",
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pki-sandbox")


@pytest.fixture
def data_dir(db: None, settings: Settings, made: Path) -> Path:
    """A sandbox that is set up; its files are made by the first test and kept."""
    load_addresses()
    settings.HYGIE = replace(settings.HYGIE, data_dir=made)
    set_up()
    return made


@pytest.fixture
def own_copy(data_dir: Path, tmp_path: Path, settings: Settings) -> Path:
    """The same, for a test that changes files."""
    shutil.copytree(data_dir / "sandbox", tmp_path / "sandbox")
    settings.HYGIE = replace(settings.HYGIE, data_dir=tmp_path)
    return tmp_path


def certificate(data_dir: Path, card: str, use: str = "auth") -> x509.Certificate:
    file = data_dir / "sandbox" / "cards" / card / f"{use}.crt"
    return x509.load_pem_x509_certificate(file.read_bytes())


def private(parsed: x509.Certificate, name: str) -> bytes | None:
    try:
        oid = x509.ObjectIdentifier(EXTENSION[name])
        return parsed.extensions.get_extension_for_oid(oid).value.public_bytes()
    except x509.ExtensionNotFound:
        return None


def test_every_card_has_the_files_that_the_bridge_reads(data_dir: Path) -> None:
    for spec in CATALOGUE:
        folder = data_dir / "sandbox" / "cards" / spec.id
        card = json.loads((folder / "card.json").read_bytes())
        assert set(card) == {
            *("id", "label", "profession", "kind", "number", "hint", "pin", "puk"),
        }
        assert (card["id"], card["pin"], card["puk"]) == (spec.id, "1234", "12345678")
        names = {file.name for file in folder.iterdir()} - {"card.json"}
        assert names in (
            {"auth.crt", "auth.key", "sign.crt", "sign.key"},
            {"auth.crt", "auth.key"},
            {"sign.crt", "sign.key"},
        )


def test_the_bridge_reads_the_tray(data_dir: Path) -> None:
    from cps_bridge.sandbox.cards import read_cards

    cards = read_cards(data_dir / "sandbox")
    assert set(cards) == {spec.id for spec in CATALOGUE}


def test_the_catalogue_covers_what_must_be_tried() -> None:
    assert {spec.id for spec in CATALOGUE} == {
        *("doctor", "midwife", "pharmacist", "nurse", "student", "retired"),
        *("revoked", "expired", "other-policy", "signature-only", "software", "service"),
    }


def test_what_is_printed_in_the_tray_is_set_as_french_is() -> None:
    assert not [spec.hint for spec in CATALOGUE if re.search(r" [:;!?»]|« |'", spec.hint)]


def test_a_cards_subject_is_country_title_and_one_multi_valued_name(data_dir: Path) -> None:
    rdns = certificate(data_dir, "doctor").subject.rdns
    assert [len(rdn) for rdn in rdns] == [1, 1, 3]
    person = {attribute.oid: attribute.value for attribute in rdns[2]}
    assert person == {
        NameOID.GIVEN_NAME: "Camille",
        NameOID.SURNAME: "Lefèvre",
        NameOID.COMMON_NAME: "899900000011",
    }


def test_private_extensions_have_the_bytes_of_the_real_ones(data_dir: Path) -> None:
    doctor = certificate(data_dir, "doctor")
    assert private(doctor, "category") == bytes.fromhex("040180")
    assert private(doctor, "product_type") == bytes.fromhex("020100")
    assert private(doctor, "card_number") == b"\x13\x15" + b"8025000001/9900000011"
    assert private(doctor, "profession") == bytes.fromhex("02010a")
    assert private(doctor, "future_profession") is None
    assert private(doctor, "savoir_faire") == bytes.fromhex("30060c04") + b"SM54"


def test_a_student_has_a_future_profession_and_no_profession(data_dir: Path) -> None:
    student = certificate(data_dir, "student")
    assert private(student, "product_type") == bytes.fromhex("020101")
    assert private(student, "future_profession") == bytes.fromhex("02010a")
    assert private(student, "profession") is None


def test_a_software_certificate_has_no_card_number_and_its_own_authority(data_dir: Path) -> None:
    software = certificate(data_dir, "software")
    assert private(software, "category") == bytes.fromhex("040183")
    assert private(software, "card_number") is None
    assert private(software, "product_type") is None
    assert "ELEMENTAIRE PERSONNES" in software.issuer.rfc4514_string()


def test_a_card_of_another_policy_differs_from_a_good_one_in_nothing_else(data_dir: Path) -> None:
    def policies(card: str) -> list[str]:
        found = certificate(data_dir, card).extensions.get_extension_for_class(
            x509.CertificatePolicies
        )
        return [each.policy_identifier.dotted_string for each in found.value]

    other, doctor = certificate(data_dir, "other-policy"), certificate(data_dir, "doctor")
    assert (policies("other-policy"), policies("doctor")) == (["2.999.1.2.2"], ["2.999.1.2.1"])
    assert other.issuer == doctor.issuer
    assert private(other, "category") == private(doctor, "category")
    assert private(other, "product_type") == private(doctor, "product_type")
    assert private(other, "profession") == private(doctor, "profession")


def test_a_service_card_names_nobody(data_dir: Path) -> None:
    subject = certificate(data_dir, "service").subject
    assert not subject.get_attributes_for_oid(NameOID.SURNAME)
    assert not subject.get_attributes_for_oid(NameOID.GIVEN_NAME)
    assert subject.get_attributes_for_oid(NameOID.PSEUDONYM)
    assert private(certificate(data_dir, "service"), "product_type") == bytes.fromhex("020102")


def test_authentication_and_signature_differ_by_their_usages(data_dir: Path) -> None:
    for use, extended in (
        ("auth", {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON}),
        ("sign", {ExtendedKeyUsageOID.EMAIL_PROTECTION}),
    ):
        extensions = certificate(data_dir, "doctor", use).extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage)
        assert usage.critical
        assert usage.value.digital_signature is (use == "auth")
        assert usage.value.content_commitment is (use == "sign")
        found = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert set(found) == extended


def test_a_card_says_where_its_list_and_its_issuer_are(data_dir: Path, settings: Settings) -> None:
    extensions = certificate(data_dir, "doctor").extensions
    points = extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    assert points[0].full_name is not None
    base = settings.HYGIE.base_url
    assert points[0].full_name[0].value == f"{base}/sandbox/pki/aci-fo-pp.crl"
    access = extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    assert access[0].access_location.value == f"{base}/sandbox/pki/aci-fo-pp.cer"


def test_every_authority_says_test_and_is_no_genuine_one(data_dir: Path) -> None:
    for row in TrustedCertificate.objects.all():
        assert row.is_test
        assert "TEST HYGIE" in row.subject
        assert "ASIP-SANTE" not in row.subject
    assert TrustedCertificate.objects.filter(accepts_cards=True).count() == 1


def test_a_first_start_that_was_killed_leaves_no_revoked_card_that_works(own_copy: Path) -> None:
    """Killed between the last card and its opposition."""
    for name in ("revoked.json", *(f"{name}.crl" for name in AuthorityName)):
        (own_copy / "sandbox" / "pki" / name).unlink()
    set_up()
    crl = x509.load_der_x509_crl(
        (own_copy / "sandbox" / "pki" / f"{AuthorityName.FORT_PERSONNES}.crl").read_bytes()
    )
    serial_number = certificate(own_copy, "revoked").serial_number
    assert crl.get_revoked_certificate_by_serial_number(serial_number)


def test_an_opposition_keeps_its_first_day(own_copy: Path) -> None:
    listed = own_copy / "sandbox" / "pki" / "revoked.json"
    before = listed.read_bytes()
    with clock.frozen(clock.now() + timedelta(days=3)):
        set_up()
    assert listed.read_bytes() == before


def test_an_expired_and_a_revoked_card_are_what_they_say(data_dir: Path) -> None:
    assert certificate(data_dir, "expired").not_valid_after_utc < clock.now()
    crl = published(Client(), "aci-fo-pp")
    for use in ("auth", "sign"):
        serial_number = certificate(data_dir, "revoked", use).serial_number
        assert crl.get_revoked_certificate_by_serial_number(serial_number)
    good = certificate(data_dir, "doctor").serial_number
    assert crl.get_revoked_certificate_by_serial_number(good) is None


def test_the_people_of_the_cards_are_in_the_directory(data_dir: Path) -> None:
    numbers = {spec.holder.common_name for spec in CATALOGUE if spec.holder.surname}
    assert Person.objects.filter(national_id__in=numbers).count() == len(numbers)


# ---- again and again ----------------------------------------------------------------------------


def test_setting_up_again_changes_nothing(own_copy: Path) -> None:
    def content() -> dict[str, bytes]:
        files = (path for path in own_copy.rglob("*") if path.is_file())
        return {str(path): path.read_bytes() for path in files}

    before = content(), list(TrustedCertificate.objects.values()), RevocationList.objects.count()
    call_command("sandbox", "setup")
    assert (
        content(),
        list(TrustedCertificate.objects.values()),
        RevocationList.objects.count(),
    ) == before


def test_a_new_database_beside_old_files_is_filled(own_copy: Path) -> None:
    RevocationList.objects.all().delete()
    TrustedCertificate.objects.all().delete()
    ImportBatch.objects.all().delete()
    Person.objects.all().delete()
    call_command("sandbox", "setup")
    assert TrustedCertificate.objects.count() == RevocationList.objects.count() == 4
    assert Person.objects.exists()


def test_lists_near_their_end_are_signed_anew(own_copy: Path) -> None:
    before = RevocationList.objects.get(issuer__accepts_cards=True)
    with clock.frozen(before.next_update - RENEW_BEFORE):
        call_command("sandbox", "setup")
    after = RevocationList.objects.get(issuer__accepts_cards=True)
    assert int(after.number) == int(before.number) + 1
    assert after.next_update > before.next_update


def test_a_card_can_be_opposed(own_copy: Path) -> None:
    call_command("sandbox", "revoke-card", "nurse")
    crl = published(Client(), "aci-fo-pp")
    serial_number = certificate(own_copy, "nurse").serial_number
    assert crl.get_revoked_certificate_by_serial_number(serial_number)
    kept = RevocationList.objects.get(issuer__accepts_cards=True)
    assert (
        int(kept.number) == crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    )


@pytest.mark.parametrize("card", ["nobody", "../pki", ""])
def test_an_unknown_card_cannot_be_opposed(own_copy: Path, card: str) -> None:
    with pytest.raises(CommandError):
        call_command("sandbox", "revoke-card", card)


def test_a_reset_makes_everything_new_and_trusts_nothing_old(own_copy: Path) -> None:
    old = certificate(own_copy, "doctor")
    call_command("sandbox", "reset")
    assert certificate(own_copy, "doctor").serial_number != old.serial_number
    assert TrustedCertificate.objects.filter(enabled=True).count() == 4
    assert TrustedCertificate.objects.filter(enabled=False).count() == 4


# ---- addresses ----------------------------------------------------------------------------------


def published(client: Client, name: str) -> x509.CertificateRevocationList:
    response = client.get(f"/sandbox/pki/{name}.crl")
    assert response["Content-Type"] == "application/pkix-crl"
    return x509.load_der_x509_crl(response.content)


@pytest.mark.parametrize("name", ["acr-fo", "aci-fo-pp", "acr-el", "aci-el-pp"])
def test_lists_and_certificates_are_published(data_dir: Path, client: Client, name: str) -> None:
    issuer = x509.load_der_x509_certificate(client.get(f"/sandbox/pki/{name}.cer").content)
    assert published(client, name).is_signature_valid(issuer.public_key())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["aci-st-pp", "revoked", "x"])
def test_nothing_else_is_published(data_dir: Path, client: Client, name: str) -> None:
    assert client.get(f"/sandbox/pki/{name}.crl").status_code == 404


def test_nothing_is_made_or_published_outside_the_sandbox(
    data_dir: Path, client: Client, settings: Settings
) -> None:
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    assert client.get("/sandbox/pki/aci-fo-pp.crl").status_code == 404
    for action in (("setup",), ("revoke-card", "doctor"), ("reset",)):
        with pytest.raises(CommandError):
            call_command("sandbox", *action)
