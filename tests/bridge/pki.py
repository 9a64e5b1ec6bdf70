"""Keys and certificates for the bridge's tests: small, self-signed, shaped like a card's."""

import functools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@functools.cache
def rsa_key(name: str = "doctor", bits: int = 2048) -> rsa.RSAPrivateKey:
    """Keys are slow to make: one a name for the whole run."""
    return rsa.generate_private_key(65537, bits)


def pair(
    key: PrivateKey,
    *,
    for_authentication: bool = True,
    digital_signature: bool | None = None,
    client_auth: bool | None = None,
    days: int = 365,
    age_days: int = 1,
    given_name: str = "",
    surname: str = "",
) -> Pair:
    """Return a certificate for `key`; an authentication one unless told otherwise.

    The subject's name is one RDN of several values, as on a CPS.
    """
    digital = for_authentication if digital_signature is None else digital_signature
    client = for_authentication if client_auth is None else client_auth
    purpose = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.EMAIL_PROTECTION
    start = datetime.now(UTC) - timedelta(days=age_days)
    told = (
        (NameOID.COMMON_NAME, "TEST 899900000000"),
        (NameOID.SURNAME, surname),
        (NameOID.GIVEN_NAME, given_name),
    )
    values = [x509.NameAttribute(oid, text) for oid, text in told if text]
    name = x509.Name([x509.RelativeDistinguishedName(values)])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(_key_usage(digital=digital, repudiation=not digital), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Pair(certificate=certificate, key=key)


@functools.cache
def authentication_pair() -> Pair:
    return pair(rsa_key())


@functools.cache
def signature_pair() -> Pair:
    return pair(rsa_key("signature"), for_authentication=False)


@functools.cache
def ec_pair() -> Pair:
    return pair(ec.generate_private_key(ec.SECP256R1()))


def _key_usage(*, digital: bool, repudiation: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital,
        content_commitment=repudiation,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
