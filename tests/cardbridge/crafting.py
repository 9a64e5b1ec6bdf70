"""Certificates that differ from a good card in one thing, signed by the TEST hierarchy or not."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from idp.cardbridge.rules import oids
from idp.core import clock
from idp.sandbox.pki.store import Credential, PrivateKey

DOCTOR = {NameOID.COMMON_NAME: "899900000011", NameOID.SURNAME: "Lefèvre", NameOID.GIVEN_NAME: "C"}
# Making keys is what takes time in these tests: one of each kind serves them all.
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
WEAK_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
EC_KEY = ec.generate_private_key(ec.SECP256R1())
P384_KEY = ec.generate_private_key(ec.SECP384R1())


def number(text: str) -> bytes:
    return asn1.encode_der(asn1.PrintableString(text))


def private_extensions(**changes: bytes | None) -> dict[str, bytes]:
    """A CPS of a physician in TEST; None takes one away."""
    values: dict[str, bytes | None] = {
        "category": asn1.encode_der(b"\x80"),
        "product_type": asn1.encode_der(0),
        "card_number": number("8025000001/9900000011"),
        "profession": asn1.encode_der(10),
        **changes,
    }
    oid_of = {
        "category": oids.CATEGORY,
        "product_type": oids.PRODUCT_TYPE,
        "card_number": oids.CARD_NUMBER,
        "profession": oids.PROFESSION,
        "future_profession": oids.FUTURE_PROFESSION,
    }
    return {oid_of[name]: value for name, value in values.items() if value is not None}


@dataclass(kw_only=True)
class Recipe:
    """A good authentication certificate; a test changes one member."""

    key: PrivateKey = RSA_KEY
    subject: dict[ObjectIdentifier, str] = field(default_factory=lambda: dict(DOCTOR))
    extra_rdn: tuple[x509.NameAttribute[str], ...] = ()
    usages: tuple[str, ...] = ("digital_signature",)
    extended: tuple[ObjectIdentifier, ...] = (
        ExtendedKeyUsageOID.CLIENT_AUTH,
        ExtendedKeyUsageOID.SMARTCARD_LOGON,
    )
    policy: str = oids.SANDBOX_POLICY
    private: dict[str, bytes] = field(default_factory=private_extensions)
    is_authority: bool = False
    critical_unknown: bool = False
    begins: timedelta = -timedelta(days=1)
    lasts: timedelta = timedelta(days=90)
    with_key_usage: bool = True


def craft(issuer: Credential, recipe: Recipe | None = None) -> Credential:
    """The certificate of the recipe, signed by this issuer."""
    wanted = recipe or Recipe()
    begins = clock.now() + wanted.begins
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(wanted))
        .issuer_name(issuer.certificate.subject)
        .public_key(wanted.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + wanted.lasts)
        .add_extension(
            x509.BasicConstraints(ca=wanted.is_authority, path_length=None), critical=False
        )
        .add_extension(
            x509.SubjectKeyIdentifier.from_public_key(wanted.key.public_key()), critical=False
        )
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
            critical=False,
        )
        .add_extension(
            x509.CertificatePolicies(
                [x509.PolicyInformation(ObjectIdentifier(wanted.policy), None)]
            ),
            critical=False,
        )
    )
    if wanted.with_key_usage:
        builder = builder.add_extension(key_usage(*wanted.usages), critical=True)
    if wanted.extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(wanted.extended), critical=False)
    for oid, value in wanted.private.items():
        extension = x509.UnrecognizedExtension(ObjectIdentifier(oid), value)
        builder = builder.add_extension(extension, critical=False)
    if wanted.critical_unknown:
        unknown = x509.UnrecognizedExtension(ObjectIdentifier("2.999.7"), b"\x05\x00")
        builder = builder.add_extension(unknown, critical=True)
    return Credential(certificate=builder.sign(issuer.key, hashes.SHA256()), key=wanted.key)


def key_usage(*names: str) -> x509.KeyUsage:
    bits = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    return x509.KeyUsage(**(bits | dict.fromkeys(names, True)))


def make_list(
    issuer: Credential,
    *,
    number: int = 100,
    revoked: tuple[int, ...] = (),
    this_update: datetime | None = None,
    lasts: timedelta = timedelta(days=7),
    extra: x509.ExtensionType | None = None,
    entries: tuple[x509.RevokedCertificate, ...] = (),
) -> x509.CertificateRevocationList:
    """A revocation list of this issuer."""
    begins = this_update or clock.now().replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(begins)
        .next_update(begins + lasts)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if extra is not None:
        builder = builder.add_extension(extra, critical=True)
    for serial_number in revoked:
        builder = builder.add_revoked_certificate(
            x509.RevokedCertificateBuilder()
            .serial_number(serial_number)
            .revocation_date(begins)
            .build()
        )
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256())


def _subject(wanted: Recipe) -> x509.Name:
    person = [x509.NameAttribute(oid, text) for oid, text in wanted.subject.items()]
    return x509.Name(
        [
            x509.RelativeDistinguishedName([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")]),
            x509.RelativeDistinguishedName([*person, *wanted.extra_rdn]),
        ]
    )
