"""pyhanko-certvalidator agrees with us on every certificate of the test PKI, and on forged ones."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import (
    InvalidCertificateError,
    PathBuildingError,
    PathValidationError,
)

from idp.cardbridge.flows.trust_store import current_trust
from idp.cardbridge.flows.verification import acceptance
from idp.cardbridge.gateways.pki import read_certificate
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.cardbridge.rules.card_checks import CARD_CHECKS, in_date
from idp.cardbridge.rules.refusals import CardRefusedError
from idp.core import clock
from idp.sandbox.pki.catalogue import CATALOGUE
from idp.sandbox.pki.hierarchy import AuthorityName, load_or_make
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import Recipe, craft
from tests.cardbridge.test_verification import BAD, GOOD

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
    """The other library, with the same roots and lists, and revocation information required."""
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


def test_both_refuse_without_lists(sandbox: Path) -> None:
    RevocationList.objects.all().delete()
    certificate = dict(cards(sandbox))["doctor/auth"]
    assert our_verdict(certificate) == "revocation_unknown"
    assert their_verdict(certificate, clock.now()) == "InsufficientRevinfoError"
