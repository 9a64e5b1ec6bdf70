"""Which of a card's certificates may log a person in: told by its usages, never by its label."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from cps_bridge.errors import BridgeError, Code

MIN_RSA_BITS = 2048


class Algorithm(StrEnum):
    """The signature algorithms that a CPS family card can answer with."""

    RS256 = "RS256"
    ES256 = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCertificate:
    """A certificate as it lies on the card; `key_id` is the CKA_ID that its key shares."""

    key_id: bytes
    der: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationCertificate:
    """Proof that the usages and the key were checked: this one may answer a login."""

    key_id: bytes
    certificate: x509.Certificate
    algorithm: Algorithm


def choose_authentication_certificate(
    stored: Iterable[StoredCertificate], *, now: datetime
) -> AuthenticationCertificate:
    """Return the certificate to log in with; one in date first, then the one that lasts longest.

    An expired one is still offered: it is the identity provider that refuses it and says why.
    """
    parsed = [(item, certificate) for item in stored if (certificate := _parse(item.der))]
    usable = [(item, cert) for item, cert in parsed if is_for_authentication(cert)]
    if not usable:
        raise BridgeError(Code.NO_AUTH_CERTIFICATE)
    usable.sort(key=lambda pair: (_is_in_date(pair[1], now), pair[1].not_valid_after_utc))
    item, certificate = usable[-1]
    return AuthenticationCertificate(
        key_id=item.key_id, certificate=certificate, algorithm=_algorithm_of(certificate)
    )


def is_for_authentication(certificate: x509.Certificate) -> bool:
    """Say whether KeyUsage has digitalSignature and ExtendedKeyUsage has clientAuth.

    Both are needed: the signature certificates of 2016 carried digitalSignature too.
    """
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        extended = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return usage.digital_signature and ExtendedKeyUsageOID.CLIENT_AUTH in extended


def holder_name(certificate: x509.Certificate) -> str:
    """Return the holder's name for the bridge's own windows; "" for a card that names nobody.

    Two readers may hold two cards: a code typed for the wrong one costs it a try.
    """
    try:
        subject = certificate.subject
    except ValueError:
        # A text type that the library does not read: a name is not worth a login.
        return ""
    parts = [
        str(found[0].value)
        for oid in (NameOID.GIVEN_NAME, NameOID.SURNAME)
        if (found := subject.get_attributes_for_oid(oid))
    ]
    return " ".join("".join(filter(str.isprintable, part))[:60] for part in parts)


def _parse(der: bytes) -> x509.Certificate | None:
    """Return the certificate, or None for an object on the card that is not one."""
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None


def _is_in_date(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _algorithm_of(certificate: x509.Certificate) -> Algorithm:
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return Algorithm.RS256
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return Algorithm.ES256
    raise BridgeError(Code.UNSUPPORTED_KEY, detail=type(key).__name__)
