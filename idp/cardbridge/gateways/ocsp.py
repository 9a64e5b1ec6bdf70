"""OCSP through `cryptography` (RFC 6960): asks about a serial, believes an answer only whole."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.cardbridge.gateways.pki import Certificate
from idp.cardbridge.rules.revocation import is_present_answer
from idp.core.errors import IdpError

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
)
_STRONG = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_PlainAnswer = ocsp.OCSPSingleResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspQuestion:
    """About one certificate of one issuer. `nonce`: 32 random octets (RFC 9654 §2.1)."""

    issuer: Certificate
    serial_number: int
    nonce: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class OcspAnswer:
    """A verified answer. `revoked_at` where it says revoked; unknown is not good."""

    is_good: bool
    revoked_at: datetime | None
    reason: str


def write_question(question: OcspQuestion) -> bytes:
    """DER to POST. SHA-1 only names the issuer here, and is what every responder knows."""
    issuer = question.issuer.x509
    return (
        ocsp.OCSPRequestBuilder()
        .add_certificate_by_hash(
            _hash_of_name(issuer),
            _hash_of_key(issuer),
            question.serial_number,
            hashes.SHA1(),  # noqa: S303 - an identifier, no protection
        )
        .add_extension(x509.OCSPNonce(question.nonce), critical=False)
        .build()
        .public_bytes(Encoding.DER)
    )


def read_answer(
    data: bytes, question: OcspQuestion, *, now: datetime, requires_nonce: bool
) -> OcspAnswer:
    """What a responder that may speak for the issuer says now; IdpError for anything else."""
    try:
        response = ocsp.load_der_ocsp_response(data)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise refused(f"the responder answered {response.response_status.name}")
        single = _only_answer(response)
        _check_subject(single, question)
        _check_signature(response, _responder_of(response, question.issuer, now))
        _check_time(single, now)
        _check_nonce(response, question.nonce, requires_nonce=requires_nonce)
        return OcspAnswer(
            is_good=single.certificate_status is ocsp.OCSPCertStatus.GOOD,
            revoked_at=single.revocation_time_utc,
            reason=single.revocation_reason.value if single.revocation_reason else "",
        )
    except _UNREADABLE as error:
        raise refused(f"unreadable: {error}") from error


def refused(detail: str) -> IdpError:
    return IdpError("ocsp_refused", "", detail=f"OCSP answer refused: {detail}"[:300])


def _only_answer(response: ocsp.OCSPResponse) -> _PlainAnswer:
    singles: Iterator[_PlainAnswer] = response.responses
    found = list(singles)
    if len(found) != 1:
        raise refused(f"{len(found)} answers to one question")
    for extension in [*response.extensions, *response.single_extensions]:
        if extension.critical:
            raise refused(f"critical extension {extension.oid.dotted_string}")
    return found[0]


def _check_subject(single: _PlainAnswer, question: OcspQuestion) -> None:
    """RFC 6960 §3.2 (1): the certificate asked about, by issuer name, issuer key and serial."""
    issuer = question.issuer.x509
    is_ours = (
        isinstance(single.hash_algorithm, hashes.SHA1)
        and single.issuer_name_hash == _hash_of_name(issuer)
        and single.issuer_key_hash == _hash_of_key(issuer)
        and single.serial_number == question.serial_number
    )
    if not is_ours:
        raise refused("about another certificate")


def _responder_of(
    response: ocsp.OCSPResponse, issuer: Certificate, now: datetime
) -> x509.Certificate:
    """§4.2.2.2: the issuer itself, or whom it says with a certificate of its own. No other."""
    if _is_named(response, issuer.x509):
        return issuer.x509
    for candidate in response.certificates:
        if _is_named(response, candidate):
            _check_delegate(candidate, issuer.x509, now)
            return candidate
    raise refused("no certificate of the responder")


def _is_named(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_name is not None:
        return response.responder_name == certificate.subject
    return response.responder_key_hash == _hash_of_key(certificate)


def _check_delegate(delegate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
    try:
        delegate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError) as error:
        raise refused("a foreign responder") from error
    extensions = delegate.extensions
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if ExtendedKeyUsageOID.OCSP_SIGNING not in usage:
        raise refused("the responder may not sign answers")
    # §4.2.2.2.1: else its own revocation would be another question, and so on without end.
    extensions.get_extension_for_class(x509.OCSPNoCheck)
    if not delegate.not_valid_before_utc <= now <= delegate.not_valid_after_utc:
        raise refused("the responder's certificate is out of date")


def _check_signature(response: ocsp.OCSPResponse, responder: x509.Certificate) -> None:
    algorithm, key = response.signature_hash_algorithm, responder.public_key()
    if not isinstance(algorithm, _STRONG):
        raise refused("weak hash")
    try:
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048:
            key.verify(
                response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm
            )
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        else:
            raise refused("weak or unknown key")
    except InvalidSignature as error:
        raise refused("signature") from error


def _check_time(single: _PlainAnswer, now: datetime) -> None:
    if not is_present_answer(
        this_update=single.this_update_utc, next_update=single.next_update_utc, now=now
    ):
        raise refused("from another time")


def _check_nonce(response: ocsp.OCSPResponse, nonce: bytes, *, requires_nonce: bool) -> None:
    try:
        echoed = response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        if requires_nonce:
            raise refused("no nonce") from None
        return
    if echoed != nonce:
        raise refused("another nonce")


def _hash_of_name(certificate: x509.Certificate) -> bytes:
    return _sha1(certificate.subject.public_bytes())


def _hash_of_key(certificate: x509.Certificate) -> bytes:
    """§4.1.1: of the key's BIT STRING alone, as in a subject key identifier."""
    return x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


def _sha1(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SHA1())  # noqa: S303 - an identifier, no protection
    digest.update(data)
    return digest.finalize()
