"""Certificates, paths and signatures: the only file that asks `cryptography` about them."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import verification

from idp.cardbridge.rules import oids
from idp.cardbridge.rules.certificate import CardCertificate, KeyKind, Usage
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.token import Algorithm

P256_BYTES = 32
T = TypeVar("T", bound=x509.ExtensionType)
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that could be read whole; `facts` is what the rules judge."""

    x509: x509.Certificate
    facts: CardCertificate

    @property
    def der(self) -> bytes:
        return self.x509.public_bytes(Encoding.DER)

    @property
    def serial_number(self) -> int:
        return self.x509.serial_number

    @property
    def is_self_issued(self) -> bool:
        return self.x509.subject == self.x509.issuer

    @property
    def subject_text(self) -> str:
        """For an operator to read; never parsed."""
        return self.x509.subject.rfc4514_string()


def read_certificate(der: bytes) -> Certificate:
    """One certificate, strict DER, nothing after it, every part of it readable."""
    try:
        parsed = x509.load_der_x509_certificate(der)
        return Certificate(parsed, _facts(parsed, der))
    except _UNREADABLE as error:
        raise CardRefusedError(CardCode.CERTIFICATE_UNREADABLE, detail=str(error)) from error


def read_certificates(data: bytes) -> tuple[Certificate, ...]:
    """What an operator brings: PEM (one or several), DER, or a PKCS#7 bundle (.p7b)."""
    try:
        if b"-----BEGIN CERTIFICATE-----" in data:
            found = x509.load_pem_x509_certificates(data)
        elif b"-----BEGIN PKCS7-----" in data:
            found = pkcs7.load_pem_pkcs7_certificates(data)
        else:
            found = _load_der_bundle(data)
    except _UNREADABLE as error:
        raise CardRefusedError(CardCode.CERTIFICATE_UNREADABLE, detail=str(error)) from error
    return tuple(read_certificate(each.public_bytes(Encoding.DER)) for each in found)


def _load_der_bundle(data: bytes) -> list[x509.Certificate]:
    try:
        return [x509.load_der_x509_certificate(data)]
    except ValueError:
        return pkcs7.load_der_pkcs7_certificates(data)


def is_issued_by(certificate: Certificate, issuer: Certificate) -> bool:
    """The issuer's name and signature; dates and usages are the path's matter."""
    try:
        certificate.x509.verify_directly_issued_by(issuer.x509)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def build_path(
    leaf: Certificate,
    *,
    roots: Sequence[Certificate],
    issuing: Sequence[Certificate],
    now: datetime,
) -> tuple[x509.Certificate, ...]:
    """Leaf, issuing authority, root: signatures, dates and constraints checked (RFC 5280 §6.1).

    Intermediates are ours only: a certificate that the page sends never helps to build a path.
    The leaf's own profile is judged by `rules.card_checks`; unknown critical extensions are refused
    here.
    """
    if not roots:
        raise CardRefusedError(CardCode.UNKNOWN_ISSUER, detail="no root is trusted", status=503)
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store([root.x509 for root in roots]))
        .time(now)
        .max_chain_depth(1)
        .extension_policies(
            ca_policy=verification.ExtensionPolicy.webpki_defaults_ca(),
            ee_policy=verification.ExtensionPolicy.permit_all(),
        )
        .build_client_verifier()
    )
    try:
        path = verifier.verify(leaf.x509, [authority.x509 for authority in issuing]).chain
    except (verification.VerificationError, *_UNREADABLE) as error:
        raise CardRefusedError(CardCode.UNKNOWN_ISSUER, detail=str(error)[:300]) from error
    if len(path) != len(("leaf", "issuing", "root")):
        raise CardRefusedError(CardCode.UNKNOWN_ISSUER, detail=f"path of {len(path)}")
    return tuple(path)


def check_signature(
    certificate: Certificate, *, algorithm: Algorithm, signature: bytes, message: bytes
) -> None:
    """RFC 7518 §3.3, §3.4. ECDSA comes as raw r‖s: a DER spelling is refused by its length."""
    key = certificate.x509.public_key()
    try:
        if algorithm is Algorithm.RS256 and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif (
            algorithm is Algorithm.ES256
            and isinstance(key, ec.EllipticCurvePublicKey)
            and len(signature) == 2 * P256_BYTES
        ):
            r, s = (int.from_bytes(half, "big") for half in _halves(signature))
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        else:
            raise CardRefusedError(CardCode.SIGNATURE_WRONG, detail="form")
    except InvalidSignature as error:
        raise CardRefusedError(CardCode.SIGNATURE_WRONG, detail="does not verify") from error


def _halves(signature: bytes) -> tuple[bytes, bytes]:
    return signature[:P256_BYTES], signature[P256_BYTES:]


def _facts(parsed: x509.Certificate, der: bytes) -> CardCertificate:
    kind, bits = _key(parsed)
    extensions = parsed.extensions
    policies = _extension(extensions, x509.CertificatePolicies)
    extended = _extension(extensions, x509.ExtendedKeyUsage)
    constraints = _extension(extensions, x509.BasicConstraints)
    return CardCertificate(
        sha256=hashlib.sha256(der).hexdigest(),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        key_kind=kind,
        key_bits=bits,
        is_authority=bool(constraints and constraints.ca),
        usages=_usages(_extension(extensions, x509.KeyUsage)),
        extended_usages=frozenset(oid.dotted_string for oid in extended or ()),
        policies=frozenset(p.policy_identifier.dotted_string for p in policies or ()),
        subject=tuple(
            (attribute.oid.dotted_string, _text(attribute.value))
            for rdn in parsed.subject.rdns
            for attribute in rdn
        ),
        **_private_extensions(extensions),
    )


class _Private(TypedDict):
    category: int | None
    card_number: str
    product_type: int | None
    profession: int | None
    future_profession: int | None
    responsibility: int | None


def _private_extensions(extensions: x509.Extensions) -> _Private:
    """IGC-Santé's own (cps-card profile): absent when not applicable, refused when malformed."""
    category = _raw(extensions, oids.CATEGORY)
    octet = None if category is None else asn1.decode_der(bytes, category)
    if octet is not None and len(octet) != 1:
        raise ValueError("the category has one octet")
    number = _raw(extensions, oids.CARD_NUMBER)
    return {
        "category": None if octet is None else octet[0],
        "card_number": "" if number is None else _card_number(number),
        "product_type": _integer(extensions, oids.PRODUCT_TYPE),
        "profession": _integer(extensions, oids.PROFESSION),
        "future_profession": _integer(extensions, oids.FUTURE_PROFESSION),
        "responsibility": _integer(extensions, oids.RESPONSIBILITY),
    }


def _card_number(value: bytes) -> str:
    text = asn1.decode_der(asn1.PrintableString, value).as_str()
    if not re.fullmatch(r"[0-9]{1,20}/[0-9A-Za-z]{1,20}", text):
        raise ValueError("the card number is issuer/number")
    return text


def _integer(extensions: x509.Extensions, oid: str) -> int | None:
    value = _raw(extensions, oid)
    return None if value is None else asn1.decode_der(int, value)


def _raw(extensions: x509.Extensions, oid: str) -> bytes | None:
    try:
        value = extensions.get_extension_for_oid(x509.ObjectIdentifier(oid)).value
    except x509.ExtensionNotFound:
        return None
    return value.public_bytes()


def _extension(extensions: x509.Extensions, kind: type[T]) -> T | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _key(parsed: x509.Certificate) -> tuple[KeyKind, int]:
    key = parsed.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return KeyKind.RSA, key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return KeyKind.P256, key.key_size
    return KeyKind.OTHER, 0


def _usages(usage: x509.KeyUsage | None) -> frozenset[Usage]:
    if usage is None:
        return frozenset()
    bits = {
        Usage.DIGITAL_SIGNATURE: usage.digital_signature,
        Usage.NON_REPUDIATION: usage.content_commitment,
        Usage.KEY_CERT_SIGN: usage.key_cert_sign,
    }
    return frozenset(name for name, is_set in bits.items() if is_set)


def _text(value: str | bytes) -> str:
    # x500UniqueIdentifier is the one attribute that comes as bytes; it never identifies anybody.
    return value if isinstance(value, str) else value.hex()
