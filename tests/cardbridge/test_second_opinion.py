"""pyhanko-certvalidator agrees with us on every certificate of the test PKI, and on forged ones."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    InvalidCertificateError,
    PathBuildingError,
    PathValidationError,
)

from idp.cardbridge.flows.crl import import_list
from idp.cardbridge.flows.trust_store import current_trust
from idp.cardbridge.flows.verification import acceptance
from idp.cardbridge.gateways.pki import read_certificate
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.cardbridge.rules.card_checks import CARD_CHECKS, in_date
from idp.cardbridge.rules.refusals import CardRefusedError
from idp.core import clock
from idp.core.errors import IdpError
from idp.sandbox.pki.catalogue import CATALOGUE
from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy, load_or_make
from idp.sandbox.pki.store import Credential, PrivateKey
from tests.cardbridge.crafting import (
    EC_KEY,
    RSA_KEY,
    WEAK_KEY,
    Recipe,
    craft,
    key_usage,
    make_list,
)
from tests.cardbridge.test_verification import BAD, GOOD

OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

# What RFC 5280 does not know: kind of card, kind of key, who may log in. Ours alone refuses these.
OURS_ALONE = {
    "algorithm_refused",
    "software_certificate",
    "policy_refused",
    "not_a_card",
    "card_type_refused",
    "service_card",
    "identity_unreadable",
    "certificate_unreadable",
}
# Where a rule of RFC 5280 would let through what a card never is: the recipe, and our reason.
STRICTER = {
    "authority": "an authority's certificate may end a path; a card is no authority",
    "may sign certificates": "keyCertSign beside digitalSignature; a card issues nothing",
    "signs documents too": "nonRepudiation beside digitalSignature; that key signs documents",
}


def our_verdict(certificate: x509.Certificate) -> str:
    """Path, dates, usages, card, revocation: everything but signature and person."""
    now = clock.now()
    try:
        leaf = read_certificate(certificate.public_bytes(Encoding.DER))
        in_date(leaf.facts, now)
        trust = current_trust()
        path = trust.path_of(leaf, now)
        for check in CARD_CHECKS:
            check(leaf.facts, acceptance())
        trust.check_revocation(path, now=now, grace=timedelta(0))
    except CardRefusedError as error:
        return error.code
    return ""


def their_verdict(certificate: x509.Certificate, moment: datetime) -> str:
    """The other library, with the same roots, authorities and lists; revocation news required."""
    roots = [asn1_x509.Certificate.load(bytes(row.der)) for row in _rows("root")]
    issuing = [asn1_x509.Certificate.load(bytes(row.der)) for row in _rows("issuing")]
    lists = [asn1_crl.CertificateList.load(bytes(row.der)) for row in RevocationList.objects.all()]
    context = ValidationContext(
        trust_roots=roots,
        other_certs=issuing,
        crls=lists,
        moment=moment,
        allow_fetching=False,
        revocation_mode="require",
    )
    leaf = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    validator = CertificateValidator(leaf, validation_context=context)
    try:
        asyncio.run(
            validator.async_validate_usage(  # type: ignore[no-untyped-call]
                key_usage={"digital_signature"},
                extended_key_usage={"client_auth"},
                extended_optional=False,
            )
        )
    except (InvalidCertificateError, PathBuildingError, PathValidationError) as error:
        return type(error).__name__
    return ""


def _rows(role: str) -> list[TrustedCertificate]:
    return list(TrustedCertificate.objects.filter(role=role))


def cards(sandbox: Path) -> Iterator[tuple[str, x509.Certificate]]:
    for spec in CATALOGUE:
        for use in ("auth", "sign"):
            file = sandbox / spec.id / f"{use}.crt"
            if file.exists():
                yield f"{spec.id}/{use}", x509.load_pem_x509_certificate(file.read_bytes())


def assert_agreed(name: str, certificate: x509.Certificate) -> None:
    ours, theirs = our_verdict(certificate), their_verdict(certificate, clock.now())
    if ours in OURS_ALONE or name in STRICTER:
        assert ours
        assert not theirs, f"{name}: they refuse too now, compare the two"
        return
    assert bool(ours) == bool(theirs), f"{name}: we say {ours!r}, they say {theirs!r}"


def test_both_agree_on_every_card_of_the_tray(sandbox: Path) -> None:
    for name, certificate in cards(sandbox):
        assert_agreed(name, certificate)
    verdicts = {name: our_verdict(certificate) for name, certificate in cards(sandbox)}
    assert verdicts["doctor/auth"] == ""
    assert verdicts["midwife/auth"] == ""
    assert verdicts["revoked/auth"] == "card_revoked"
    assert their_verdict(dict(cards(sandbox))["revoked/auth"], clock.now()) == "RevokedError"


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_both_agree_on_a_certificate_with_one_thing_wrong(fort: Credential, name: str) -> None:
    recipe = GOOD[name] if name in GOOD else BAD[name][0]
    assert_agreed(name, craft(fort, recipe).certificate)


def test_both_refuse_a_look_alike_authority(sandbox: Path, tmp_path: Path) -> None:
    rogue = load_or_make(tmp_path, base_url="http://rogue", now=clock.now())
    certificate = craft(rogue.authorities[AuthorityName.FORT_PERSONNES], Recipe()).certificate
    assert our_verdict(certificate)
    assert their_verdict(certificate, clock.now())


# ---- the path: one thing wrong above the card ---------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Above:
    """An issuing authority that differs from FORT PERSONNES in one thing."""

    usages: tuple[str, ...] = ("key_cert_sign", "crl_sign")
    is_authority: bool = True
    path_length: int | None = 0
    begins: timedelta = -timedelta(days=400)
    lasts: timedelta = timedelta(days=4000)
    key: PrivateKey = RSA_KEY
    critical_unknown: bool = False
    below: bool = False
    foreign_key: bool = False
    with_list: bool = True
    list_lasts: timedelta = timedelta(days=7)
    list_signer: str = "itself"
    revoked: bool = False
    revokes_card: bool = False


PATHS = {
    "good": Above(),
    "good, of an elliptic key": Above(key=EC_KEY),
    "good, of any path length": Above(path_length=None),
    "a path too long": Above(below=True),
    "may not sign certificates": Above(usages=("digital_signature", "crl_sign")),
    "no authority": Above(is_authority=False, path_length=None),
    "an authority that has expired": Above(lasts=timedelta(days=399)),
    "an authority of tomorrow": Above(begins=timedelta(days=1)),
    "an authority with a weak key": Above(key=WEAK_KEY),
    "an authority with an unknown critical extension": Above(critical_unknown=True),
    "a twin with another key": Above(foreign_key=True),
    "no list": Above(with_list=False),
    "a stale list": Above(list_lasts=timedelta(hours=1)),
    "a list of another signer": Above(list_signer="root"),
    "a revoked authority": Above(revoked=True),
    "a revoked card": Above(revokes_card=True),
}


def build(above: Above, hierarchy: Hierarchy) -> x509.Certificate:
    """The card; authority and lists go into the database as if they had been verified."""
    root = hierarchy.authorities[AuthorityName.ROOT_FORT]
    parent = hierarchy.authorities[AuthorityName.FORT_PERSONNES] if above.below else root
    issuer = Credential(certificate=_authority(above, parent), key=above.key)
    signs_card = Credential(
        certificate=issuer.certificate, key=OTHER_KEY if above.foreign_key else issuer.key
    )
    card = craft(signs_card, Recipe()).certificate
    row = TrustedCertificate.objects.create(
        sha256=issuer.certificate.fingerprint(hashes.SHA256()).hex(),
        role="issuing",
        der=issuer.certificate.public_bytes(Encoding.DER),
        subject=issuer.certificate.subject.rfc4514_string(),
        is_test=True,
        accepts_cards=True,
        added_at=clock.now(),
    )
    if above.with_list:
        revoked = (card.serial_number,) if above.revokes_card else ()
        signer = Credential(
            certificate=issuer.certificate,
            key=root.key if above.list_signer == "root" else issuer.key,
        )
        begins = clock.now().replace(microsecond=0) - timedelta(hours=2)
        _keep(
            row,
            make_list(signer, revoked=revoked, this_update=begins, lasts=above.list_lasts),
        )
    if above.revoked:
        serials = (issuer.certificate.serial_number,)
        import_list(data=make_list(root, revoked=serials).public_bytes(Encoding.DER))
    return card


def _authority(above: Above, parent: Credential) -> x509.Certificate:
    begins = clock.now() + above.begins
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST ABOVE")]))
        .issuer_name(parent.certificate.subject)
        .public_key(above.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + above.lasts)
        .add_extension(
            x509.BasicConstraints(ca=above.is_authority, path_length=above.path_length),
            critical=True,
        )
        .add_extension(key_usage(*above.usages), critical=True)
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(above.key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(parent.key.public_key()),
            critical=False,
        )
    )
    if above.critical_unknown:
        unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.999.7"), b"\x05\x00")
        builder = builder.add_extension(unknown, critical=True)
    return builder.sign(parent.key, hashes.SHA256())


def _keep(row: TrustedCertificate, crl: x509.CertificateRevocationList) -> None:
    """Through the front door where it lets the list in; what it refuses, the other one still sees.

    A list that we refuse is a list that we do not have.
    """
    der = crl.public_bytes(Encoding.DER)
    try:
        import_list(data=der)
    except IdpError:
        RevocationList.objects.create(
            issuer=row,
            sha256="0" * 64,
            der=der,
            number="1",
            entries=0,
            this_update=crl.last_update_utc,
            next_update=crl.next_update_utc or clock.now(),
            fetched_at=clock.now(),
            seal="not ours",
        )


@pytest.mark.parametrize("name", PATHS)
def test_both_agree_on_a_path_with_one_thing_wrong(hierarchy: Hierarchy, name: str) -> None:
    certificate = build(PATHS[name], hierarchy)
    ours, theirs = our_verdict(certificate), their_verdict(certificate, clock.now())
    assert bool(ours) == (not name.startswith("good")), f"{name}: we say {ours!r}"
    assert bool(ours) == bool(theirs), f"{name}: we say {ours!r}, they say {theirs!r}"


def test_both_refuse_bytes_after_a_certificate(fort: Credential) -> None:
    der = craft(fort).certificate.public_bytes(Encoding.DER) + b"\x00"
    with pytest.raises(CardRefusedError, match="certificate_unreadable"):
        read_certificate(der)
    with pytest.raises(ValueError, match="trailing"):
        asn1_x509.Certificate.load(der, strict=True)


def test_the_matrix_has_forty_certificates_and_more() -> None:
    assert len(GOOD) + len(BAD) + len(PATHS) >= 50


def test_both_refuse_without_lists(sandbox: Path) -> None:
    RevocationList.objects.all().delete()
    certificate = dict(cards(sandbox))["doctor/auth"]
    assert our_verdict(certificate) == "revocation_unknown"
    assert their_verdict(certificate, clock.now()) == "InsufficientRevinfoError"
