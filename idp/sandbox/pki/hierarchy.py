"""The four authorities: FORT and ELEMENTAIRE, a root and PERSONNES each. All say TEST HYGIE."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from idp.sandbox.pki.store import Credential, read_credential, write_credential

CA_KEY_BITS = 3072
# Older than any card, so that a card that has expired was valid under it.
SINCE = timedelta(days=6 * 365)
UNTIL = timedelta(days=15 * 365)


class AuthorityName(StrEnum):
    """File names, and names of the lists they sign."""

    ROOT_FORT = "acr-fo"
    FORT_PERSONNES = "aci-fo-pp"
    ROOT_ELEMENTAIRE = "acr-el"
    ELEMENTAIRE_PERSONNES = "aci-el-pp"


_COMMON_NAMES = {
    AuthorityName.ROOT_FORT: "TEST HYGIE AC RACINE IGC-SANTE FORT",
    AuthorityName.FORT_PERSONNES: "TEST HYGIE AC IGC-SANTE FORT PERSONNES",
    AuthorityName.ROOT_ELEMENTAIRE: "TEST HYGIE AC RACINE IGC-SANTE ELEMENTAIRE",
    AuthorityName.ELEMENTAIRE_PERSONNES: "TEST HYGIE AC IGC-SANTE ELEMENTAIRE PERSONNES",
}
ROOT_OF = {
    AuthorityName.FORT_PERSONNES: AuthorityName.ROOT_FORT,
    AuthorityName.ELEMENTAIRE_PERSONNES: AuthorityName.ROOT_ELEMENTAIRE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hierarchy:
    """The authorities with their keys, and where their lists are published."""

    authorities: dict[AuthorityName, Credential]
    base_url: str

    def crl_url(self, name: AuthorityName) -> str:
        return f"{self.base_url}/sandbox/pki/{name}.crl"

    def certificate_url(self, name: AuthorityName) -> str:
        return f"{self.base_url}/sandbox/pki/{name}.cer"


def load_or_make(directory: Path, *, base_url: str, now: datetime) -> Hierarchy:
    """The hierarchy on disk; made on the first call."""
    empty = Hierarchy(authorities={}, base_url=base_url)
    if all((directory / f"{name}.crt").exists() for name in AuthorityName):
        kept = {name: read_credential(directory / name) for name in AuthorityName}
        return Hierarchy(authorities=kept, base_url=base_url)
    made: dict[AuthorityName, Credential] = {}
    for name in AuthorityName:
        made[name] = _make(name, made, empty, now)
        write_credential(directory / name, made[name])
    return Hierarchy(authorities=made, base_url=base_url)


def _make(
    name: AuthorityName, made: dict[AuthorityName, Credential], urls: Hierarchy, now: datetime
) -> Credential:
    key = rsa.generate_private_key(public_exponent=65537, key_size=CA_KEY_BITS)
    root_name = ROOT_OF.get(name)
    issuer_key = made[root_name].key if root_name else key
    subject = _subject(name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_subject(root_name) if root_name else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SINCE)
        .not_valid_after(now + UNTIL)
        .add_extension(
            x509.BasicConstraints(ca=True, path_length=0 if root_name else None), critical=True
        )
        .add_extension(_signs_certificates_and_lists(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
        .add_extension(_any_policy(), critical=False)
    )
    if root_name:
        builder = builder.add_extension(distribution_point(urls.crl_url(root_name)), critical=False)
    return Credential(certificate=builder.sign(issuer_key, hashes.SHA256()), key=key)


def distribution_point(url: str) -> x509.CRLDistributionPoints:
    """Where the list about this certificate is published."""
    return x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                full_name=[x509.UniformResourceIdentifier(url)],
                relative_name=None,
                reasons=None,
                crl_issuer=None,
            )
        ]
    )


def _subject(name: AuthorityName) -> x509.Name:
    """IGC-Santé's shape; organisation and TEST wording are ours, so that nobody takes it for it."""
    parts = (
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.ORGANIZATION_NAME, "HYGIE TEST (AUCUNE VALEUR)"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "0002 000000000"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "IGC-SANTE TEST HYGIE"),
        (NameOID.COMMON_NAME, _COMMON_NAMES[name]),
    )
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def _signs_certificates_and_lists() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )


def _any_policy() -> x509.CertificatePolicies:
    any_policy = x509.ObjectIdentifier("2.5.29.32.0")
    return x509.CertificatePolicies([x509.PolicyInformation(any_policy, None)])
