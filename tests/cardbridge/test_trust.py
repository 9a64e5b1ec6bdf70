"""Who is trusted: official authorities by fingerprint, a stranger only by the operator's word."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from idp.audit.models import AuditRow
from idp.cardbridge.flows import trust_store
from idp.cardbridge.flows.trust import Wish, disable_authority, import_authorities
from idp.cardbridge.flows.trust_store import current_trust
from idp.cardbridge.models import TrustedCertificate
from idp.cardbridge.rules.hierarchy import OFFICIAL, Role, is_test_name, normalise_fingerprint
from idp.core import clock
from idp.core.errors import IdpError
from idp.login.models import LoginAttempt
from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy, load_or_make
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft, make_list, private_extensions
from tests.cardbridge.steps import log_in


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Hierarchy:
    """Another hierarchy, never imported."""
    directory = tmp_path_factory.mktemp("stranger")
    return load_or_make(directory, base_url="http://stranger", now=clock.now())


def pem(*credentials: Credential) -> bytes:
    return b"".join(each.certificate.public_bytes(Encoding.PEM) for each in credentials)


def print_of(credential: Credential) -> str:
    return credential.certificate.fingerprint(hashes.SHA256()).hex()


def refused(data: bytes, wish: Wish | None = None) -> str:
    before = TrustedCertificate.objects.count()
    with pytest.raises(IdpError) as error:
        import_authorities(data=data, wish=wish or Wish())
    assert TrustedCertificate.objects.count() == before
    return error.value.detail


def test_the_nine_official_authorities_are_known() -> None:
    roles = [each.role for each in OFFICIAL.values()]
    assert (roles.count(Role.ROOT), roles.count(Role.ISSUING)) == (3, 6)
    cards = [each.name for each in OFFICIAL.values() if each.for_cards]
    assert cards == ["AC IGC-SANTE FORT PERSONNES"]
    optional = {each.name for each in OFFICIAL.values() if each.may_be_for_cards}
    assert optional == {"AC IGC-SANTE FORT PERSONNES", "AC IGC-SANTE STANDARD PERSONNES"}


def test_a_stranger_is_refused_and_its_fingerprint_said(db: None, stranger: Hierarchy) -> None:
    root = stranger.authorities[AuthorityName.ROOT_FORT]
    assert print_of(root) in refused(pem(root))


def test_a_stranger_is_trusted_on_the_operators_word(
    db: None, stranger: Hierarchy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = stranger.authorities[AuthorityName.ROOT_FORT]
    file = tmp_path / "root.pem"
    file.write_bytes(pem(root))
    with_colons = root.certificate.fingerprint(hashes.SHA256()).hex(":").upper()
    call_command("trust", "import", str(file), "--accept", with_colons)
    row = TrustedCertificate.objects.get()
    assert (row.role, row.enabled, row.accepts_cards, row.is_test) == ("root", True, False, True)
    assert AuditRow.objects.filter(event="trust_imported").count() == 1
    capsys.readouterr()
    call_command("trust", "show")
    shown = capsys.readouterr().out
    assert row.sha256 in shown
    assert "TEST" in shown
    assert "NO revocation list" in shown


def test_a_word_for_one_is_no_word_for_another(db: None, stranger: Hierarchy) -> None:
    root = stranger.authorities[AuthorityName.ROOT_FORT]
    other = stranger.authorities[AuthorityName.ROOT_ELEMENTAIRE]
    refused(pem(root, other), Wish(accept={print_of(root)}))


def test_an_issuing_authority_needs_its_root_first(db: None, stranger: Hierarchy) -> None:
    issuing = stranger.authorities[AuthorityName.FORT_PERSONNES]
    assert "root first" in refused(pem(issuing), Wish(accept={print_of(issuing)}))


@pytest.mark.parametrize("form", ["pem", "p7b", "p7b in pem"])
def test_a_bundle_may_name_them_in_any_order(db: None, stranger: Hierarchy, form: str) -> None:
    pair = [stranger.authorities[AuthorityName(name)] for name in ("aci-fo-pp", "acr-fo")]
    wish = Wish(accept={print_of(each) for each in pair})
    data = {
        "pem": pem(*pair),
        "p7b": pkcs7.serialize_certificates([e.certificate for e in pair], Encoding.DER),
        "p7b in pem": pkcs7.serialize_certificates([e.certificate for e in pair], Encoding.PEM),
    }[form]
    rows = import_authorities(data=data, wish=wish)
    assert [row.role for row in rows] == ["root", "issuing"]
    # Nothing was said about cards: this authority certifies none.
    assert not any(row.accepts_cards for row in rows)


def test_a_root_is_not_for_cards(db: None, stranger: Hierarchy) -> None:
    root = stranger.authorities[AuthorityName.ROOT_FORT]
    wish = Wish(accept={print_of(root)}, for_cards={print_of(root)})
    assert "cards" in refused(pem(root), wish)


def test_a_card_is_no_authority(fort: Credential) -> None:
    card = craft(fort)
    assert "no certification authority" in refused(pem(card), Wish(accept={print_of(card)}))


@pytest.mark.parametrize("data", [b"", b"junk", b"-----BEGIN CERTIFICATE-----\nAA\n"])
def test_what_is_no_certificate_is_refused(db: None, data: bytes) -> None:
    refused(data)


def test_a_disabled_authority_ends_the_logins_at_once(
    sandbox: Path, fort: Credential, attempt: LoginAttempt
) -> None:
    assert log_in(attempt, sandbox / "doctor") == ""
    call_command("trust", "disable", print_of(fort))
    LoginAttempt.objects.filter(pk=attempt.pk).update(state="open")
    assert log_in(attempt, sandbox / "doctor") == "unknown_issuer"
    assert AuditRow.objects.filter(event="trust_disabled").count() == 1


def test_importing_again_enables_and_changes_nothing_twice(sandbox: Path, fort: Credential) -> None:
    disable_authority(fingerprint=print_of(fort))
    wish = Wish(accept={print_of(fort)}, for_cards={print_of(fort)})
    rows = AuditRow.objects.filter(event="trust_imported")
    before = rows.count()
    import_authorities(data=pem(fort), wish=wish)
    assert TrustedCertificate.objects.get(sha256=print_of(fort)).enabled
    import_authorities(data=pem(fort), wish=wish)
    assert rows.count() == before + 1


def test_disabling_an_unknown_authority_is_an_error(db: None) -> None:
    with pytest.raises(CommandError):
        call_command("trust", "disable", "00")


def test_an_official_software_authority_is_never_for_cards(
    db: None, stranger: Hierarchy, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = [stranger.authorities[AuthorityName(name)] for name in ("acr-el", "aci-el-pp")]
    by_name = {each.name: each for each in OFFICIAL.values()}
    known = {
        print_of(pair[0]): by_name["AC RACINE IGC-SANTE ELEMENTAIRE"],
        print_of(pair[1]): by_name["AC IGC-SANTE ELEMENTAIRE PERSONNES"],
    }
    monkeypatch.setattr("idp.cardbridge.flows.trust.OFFICIAL", known)
    assert "files" in refused(pem(*pair), Wish(for_cards={print_of(pair[1])}))
    rows = import_authorities(data=pem(*pair), wish=Wish())
    assert not any(row.accepts_cards for row in rows)
    assert rows[1].crl_url == "http://igc-sante.esante.gouv.fr/CRL/ACI-EL-PP.crl"


def test_a_second_authority_logs_cards_in_only_while_the_operator_says_so(
    attempt: LoginAttempt,
    stranger: Hierarchy,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """STANDARD PERSONNES, which certifies nominative CPE: known, and for cards only by option."""
    root, issuing = (stranger.authorities[AuthorityName(each)] for each in ("acr-fo", "aci-fo-pp"))
    by_name = {each.name: each for each in OFFICIAL.values()}
    known = {
        print_of(root): by_name["AC RACINE IGC-SANTE STANDARD"],
        print_of(issuing): by_name["AC IGC-SANTE STANDARD PERSONNES"],
    }
    for module in ("trust", "trust_store"):
        monkeypatch.setattr(f"idp.cardbridge.flows.{module}.OFFICIAL", known)
    employee = craft(issuing, Recipe(private=private_extensions(product_type=asn1.encode_der(2))))
    files = {"ca.pem": pem(root, issuing)}
    for name, signer in (("root.crl", root), ("issuing.crl", issuing)):
        files[name] = make_list(signer).public_bytes(Encoding.DER)
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)

    def verdict() -> str:
        LoginAttempt.objects.filter(pk=attempt.pk).update(state="open", authentication=None)
        attempt.refresh_from_db()
        return log_in(attempt, employee)

    def trust(*words: str) -> None:
        call_command("trust", "import", str(tmp_path / "ca.pem"), *words)

    assert verdict() == "unknown_issuer"
    trust()
    for name in ("root.crl", "issuing.crl"):
        call_command("crl", "import", str(tmp_path / name))
    assert verdict() == "card_type_refused"
    trust("--for-cards", print_of(issuing))
    assert verdict() == ""
    call_command("trust", "disable", print_of(issuing))
    assert verdict() == "unknown_issuer"
    trust("--for-cards", print_of(issuing))
    assert verdict() == ""
    # Taking the option back needs no disabling: an import without it.
    trust()
    assert verdict() == "card_type_refused"


def test_a_second_authority_without_its_list_logs_nobody_in(
    attempt: LoginAttempt, stranger: Hierarchy
) -> None:
    pair = [stranger.authorities[AuthorityName(name)] for name in ("acr-fo", "aci-fo-pp")]
    wish = Wish(accept={print_of(each) for each in pair}, for_cards={print_of(pair[1])})
    import_authorities(data=pem(*pair), wish=wish)
    assert log_in(attempt, craft(pair[1])) == "revocation_unknown"


def test_what_is_trusted_is_read_again_only_when_it_changed(
    sandbox: Path, fort: Credential, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    first = current_trust()
    with django_assert_num_queries(1):
        assert current_trust() is first
    disable_authority(fingerprint=print_of(fort))
    assert current_trust() is not first


@pytest.mark.parametrize("way", ["unreadable", "swapped", "renamed"])
def test_a_row_altered_in_the_database_is_not_believed(
    sandbox: Path, fort: Credential, stranger: Hierarchy, attempt: LoginAttempt, way: str
) -> None:
    forged = stranger.authorities[AuthorityName.FORT_PERSONNES].certificate
    changes: dict[str, dict[str, Any]] = {
        "unreadable": {"der": b"junk"},
        "swapped": {"der": forged.public_bytes(Encoding.DER)},
        "renamed": {"sha256": "f" * 64},
    }
    forget_trust()
    TrustedCertificate.objects.filter(sha256=print_of(fort)).update(**changes[way])
    assert log_in(attempt, sandbox / "doctor") == "unknown_issuer"


def forget_trust() -> None:
    """As a process that starts now."""
    trust_store._cached = None


# ---- names ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["IGC-SANTE TEST", "TEST AC IGC-SANTE FORT PERSONNES", "HYGIE Test", "my sandbox"]
)
def test_a_name_that_says_test_is_test(text: str) -> None:
    assert is_test_name(["FR", text])


@pytest.mark.parametrize("text", ["AC IGC-SANTE FORT PERSONNES", "ATTESTATION", "CONTEST"])
def test_a_name_that_does_not_is_not(text: str) -> None:
    assert not is_test_name(["FR", text])


def test_fingerprints_are_read_as_operators_copy_them() -> None:
    assert normalise_fingerprint(" AB:cd\n12 ") == "abcd12"


def test_official_names_are_no_test_names() -> None:
    assert not any(is_test_name([each.name]) for each in OFFICIAL.values())
