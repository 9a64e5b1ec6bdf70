"""An OCSP responder for tests: signs what a test makes it say, as itself or as a delegate."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from idp.cardbridge.flows import ocsp as flow
from idp.cardbridge.models import TrustedCertificate
from idp.core import clock, outbound
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import RSA_KEY, key_usage

GOOD, REVOKED, UNKNOWN = (
    ocsp.OCSPCertStatus.GOOD,
    ocsp.OCSPCertStatus.REVOKED,
    ocsp.OCSPCertStatus.UNKNOWN,
)


def delegate_of(
    issuer: Credential,
    *,
    extended: ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING,
    no_check: bool = True,
    begins: timedelta = -timedelta(days=1),
    lasts: timedelta = timedelta(days=30),
    key: object = RSA_KEY,
) -> Credential:
    """A responder's certificate (RFC 6960 §4.2.2.2), with one thing changed by the test."""
    start = clock.now() + begins
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST OCSP")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())  # type: ignore[attr-defined]
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + lasts)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(key_usage("digital_signature"), critical=True)
        .add_extension(x509.ExtendedKeyUsage([extended]), critical=False)
    )
    if no_check:
        builder = builder.add_extension(x509.OCSPNoCheck(), critical=False)
    return Credential(certificate=builder.sign(issuer.key, hashes.SHA256()), key=key)  # type: ignore[arg-type]


@dataclass(kw_only=True)
class Responder:
    """Answers about certificates of `issuer`; a test changes one member."""

    issuer: Credential
    card: Credential
    signer: Credential | None = None
    status: ocsp.OCSPCertStatus = GOOD
    status_code: int = 200
    failure: ocsp.OCSPResponseStatus | None = None
    about: Credential | None = None
    about_issuer: Credential | None = None
    this_update: timedelta = timedelta(0)
    lasts: timedelta | None = timedelta(hours=1)
    nonce: bytes | None = None
    with_nonce: bool = True
    with_certificate: bool = True
    algorithm: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    tail: bytes = b""
    altered: bool = False
    asked: list[ocsp.OCSPRequest] = field(default_factory=list)

    def send(self, *, content: bytes, **_options: object) -> outbound.OutboundAnswer:
        request = ocsp.load_der_ocsp_request(content)
        self.asked.append(request)
        return outbound.OutboundAnswer(
            status=self.status_code, headers={}, body=self._body(request) + self.tail
        )

    def _body(self, request: ocsp.OCSPRequest) -> bytes:
        if self.failure is not None:
            builder = ocsp.OCSPResponseBuilder.build_unsuccessful(self.failure)
            return builder.public_bytes(Encoding.DER)
        signer = self.signer or self.issuer
        revoked_at: datetime | None = None
        if self.status is REVOKED:
            revoked_at = clock.now().replace(microsecond=0) - timedelta(hours=1)
        begins = clock.now().replace(microsecond=0) + self.this_update
        answer = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=(self.about or self.card).certificate,
                issuer=(self.about_issuer or self.issuer).certificate,
                algorithm=request.hash_algorithm,
                cert_status=self.status,
                this_update=begins,
                next_update=None if self.lasts is None else begins + self.lasts,
                revocation_time=revoked_at,
                revocation_reason=x509.ReasonFlags.key_compromise if revoked_at else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, signer.certificate)
        )
        if signer is not self.issuer and self.with_certificate:
            answer = answer.certificates([signer.certificate])
        if self.with_nonce:
            echoed = request.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
            answer = answer.add_extension(x509.OCSPNonce(self.nonce or echoed), critical=False)
        der = answer.sign(signer.key, self.algorithm).public_bytes(Encoding.DER)
        return der[:-1] + bytes([der[-1] ^ 1]) if self.altered else der


def ask() -> int:
    """A round of the worker."""
    return flow.ask_about_due_cards()


def state() -> TrustedCertificate:
    """What is known of the cards' issuer and of its responder."""
    return TrustedCertificate.objects.get(accepts_cards=True, enabled=True)
