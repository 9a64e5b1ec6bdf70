"""Certificates of the cards, in IGC-Santé's profile (private extensions with their TEST values)."""

from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import (
    AuthorityInformationAccessOID,
    ExtendedKeyUsageOID,
    NameOID,
    ObjectIdentifier,
)

from idp.cardbridge.rules import oids
from idp.sandbox.pki.catalogue import CardSpec, Flaw, KeyType
from idp.sandbox.pki.hierarchy import Hierarchy, distribution_point
from idp.sandbox.pki.store import Credential, PrivateKey

CARD_NUMBER_ISSUER = "8025000001"
VALIDITY = timedelta(days=3 * 365)
# Table G01 in TEST: 80 card, 83 software certificate.
TEST_CARD = b"\x80"
TEST_SOFTWARE = b"\x83"
_UPN = ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING, _SEQUENCE = 0x0C, 0x30


def authentication_certificate(spec: CardSpec, hierarchy: Hierarchy, now: datetime) -> Credential:
    """digitalSignature, clientAuth and smartcardLogon, with a UPN: what logs in."""
    key = _new_key(spec.key_type)
    builder = (
        _common(spec, hierarchy, key, now)
        .add_extension(_usage(digital_signature=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage(
                [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON]
            ),
            critical=False,
        )
        .add_extension(_user_principal_name(spec), critical=False)
    )
    return _sign(builder, spec, hierarchy, key)


def signature_certificate(spec: CardSpec, hierarchy: Hierarchy, now: datetime) -> Credential:
    """nonRepudiation and emailProtection: what signs documents and must never log in."""
    key = _new_key(spec.key_type)
    builder = (
        _common(spec, hierarchy, key, now)
        .add_extension(_usage(non_repudiation=True), critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
        )
    )
    return _sign(builder, spec, hierarchy, key)


def _new_key(kind: KeyType) -> PrivateKey:
    if kind is KeyType.EC:
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _sign(
    builder: x509.CertificateBuilder, spec: CardSpec, hierarchy: Hierarchy, key: PrivateKey
) -> Credential:
    issuer_key = hierarchy.authorities[spec.issuer].key
    return Credential(certificate=builder.sign(issuer_key, hashes.SHA256()), key=key)


def _common(
    spec: CardSpec, hierarchy: Hierarchy, key: PrivateKey, now: datetime
) -> x509.CertificateBuilder:
    issuer = hierarchy.authorities[spec.issuer].certificate
    # An expired card was good for three years, and has been over for one.
    begins = now - (VALIDITY + timedelta(days=365) if spec.flaw is Flaw.EXPIRED else timedelta(1))
    builder = (
        x509.CertificateBuilder()
        .subject_name(_subject(spec))
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + VALIDITY)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(_key_identifier_of(issuer), critical=False)
        .add_extension(_policies(spec), critical=False)
        .add_extension(distribution_point(hierarchy.crl_url(spec.issuer)), critical=False)
        .add_extension(_issuer_address(hierarchy.certificate_url(spec.issuer)), critical=False)
    )
    for oid, value in _private_extensions(spec):
        builder = builder.add_extension(
            x509.UnrecognizedExtension(ObjectIdentifier(oid), value), critical=False
        )
    return builder


def _subject(spec: CardSpec) -> x509.Name:
    """C, title, then one multi-valued RDN {GN, SN, CN}; a service card has plain RDNs, no name."""
    holder = spec.holder
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "FR")
    title = x509.NameAttribute(NameOID.TITLE, holder.title)
    common_name = x509.NameAttribute(NameOID.COMMON_NAME, holder.common_name)
    if holder.surname:
        person = [
            x509.NameAttribute(NameOID.GIVEN_NAME, holder.given_name),
            x509.NameAttribute(NameOID.SURNAME, holder.surname),
            common_name,
        ]
        rdns = [[country], [title], person]
    else:
        place = [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, holder.organization),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, holder.organizational_unit),
            title,
            x509.NameAttribute(NameOID.PSEUDONYM, holder.pseudonym),
        ]
        rdns = [[country], *([each] for each in place), [common_name]]
    return x509.Name([x509.RelativeDistinguishedName(rdn) for rdn in rdns])


def _private_extensions(spec: CardSpec) -> list[tuple[str, bytes]]:
    """Each value is DER of its own type; what does not apply is absent."""
    category = TEST_SOFTWARE if spec.is_software else TEST_CARD
    values: list[tuple[str, bytes]] = [(oids.CATEGORY, asn1.encode_der(category))]
    if spec.product_type is not None:
        values.append((oids.PRODUCT_TYPE, asn1.encode_der(spec.product_type)))
    if spec.number:
        number = asn1.PrintableString(f"{CARD_NUMBER_ISSUER}/{spec.number}")
        values.append((oids.CARD_NUMBER, asn1.encode_der(number)))
    if spec.profession is not None:
        values.append((oids.PROFESSION, asn1.encode_der(spec.profession)))
    if spec.future_profession is not None:
        values.append((oids.FUTURE_PROFESSION, asn1.encode_der(spec.future_profession)))
    if spec.savoir_faire:
        values.append((oids.SAVOIR_FAIRE, _sequence_of_texts(spec.savoir_faire)))
    return values


def _sequence_of_texts(texts: tuple[str, ...]) -> bytes:
    """SEQUENCE OF UTF8String; a few short codes, so that every length fits one octet."""
    content = b"".join(bytes((_UTF8_STRING, len(text))) + text.encode() for text in texts)
    return bytes((_SEQUENCE, len(content))) + content


def _user_principal_name(spec: CardSpec) -> x509.SubjectAlternativeName:
    number = spec.holder.common_name
    name = f"{number[0]}.{number[1:]}@carte-cps.test"
    value = bytes((_UTF8_STRING, len(name))) + name.encode()
    return x509.SubjectAlternativeName([x509.OtherName(_UPN, value)])


def _policies(spec: CardSpec) -> x509.CertificatePolicies:
    is_other = spec.flaw is Flaw.OTHER_POLICY
    policy = ObjectIdentifier(oids.SANDBOX_OTHER_POLICY if is_other else oids.SANDBOX_POLICY)
    return x509.CertificatePolicies([x509.PolicyInformation(policy, None)])


def _issuer_address(url: str) -> x509.AuthorityInformationAccess:
    return x509.AuthorityInformationAccess(
        [
            x509.AccessDescription(
                AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(url)
            )
        ]
    )


def _key_identifier_of(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    known = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(known)


def _usage(*, digital_signature: bool = False, non_repudiation: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=non_repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
