"""Revocation lists through `cryptography`: read whole, signature checked, told entry by entry."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding

from idp.cardbridge.gateways.pki import Certificate
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError

_UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
)
_KNOWN_CRITICAL = frozenset({x509.IssuingDistributionPoint.oid})


@dataclass(frozen=True, slots=True)
class VerifiedList:
    """A full list whose signature by `issuer` was checked. Freshness: `rules.revocation`."""

    crl: x509.CertificateRevocationList
    number: int
    this_update: datetime
    next_update: datetime

    @property
    def entries(self) -> int:
        return len(self.crl)

    def revoked(self) -> Iterator["RevokedEntry"]:
        """Every entry, read one at a time: a long list is never twice in memory."""
        for entry in self.crl:
            yield RevokedEntry(entry)


class RevokedEntry:
    """An entry of a list; its reason is parsed when it is asked."""

    __slots__ = ("_entry", "serial")

    def __init__(self, entry: x509.RevokedCertificate) -> None:
        self._entry = entry
        self.serial = serial_text(entry.serial_number)

    @property
    def revoked_at(self) -> datetime:
        return self._entry.revocation_date_utc

    @property
    def reason(self) -> str:
        """`""` where the list gives none, or one that cannot be read: revoked it is either way."""
        try:
            return str(
                self._entry.extensions.get_extension_for_class(x509.CRLReason).value.reason.value
            )
        except _UNREADABLE:
            return ""


def serial_text(serial_number: int) -> str:
    """As `BarredSerial` and `Card` keep it."""
    return f"{serial_number:x}"


def read_list(data: bytes) -> tuple[x509.CertificateRevocationList, bytes]:
    """(list, its DER) from DER or PEM; nothing after it."""
    try:
        if b"-----BEGIN X509 CRL-----" in data:
            crl = x509.load_pem_x509_crl(data)
        else:
            crl = x509.load_der_x509_crl(data)
        return crl, crl.public_bytes(Encoding.DER)
    except _UNREADABLE as error:
        raise _bad(str(error)) from error


def verify_list(crl: x509.CertificateRevocationList, issuer: Certificate) -> VerifiedList:
    """Issuer, signature, and that it is a full list of everything the issuer issues."""
    try:
        _check_origin(crl, issuer)
        _check_scope(crl.extensions)
        next_update = crl.next_update_utc
        number = _number(crl.extensions)
    except _UNREADABLE as error:
        raise _bad(str(error)) from error
    if next_update is None:
        raise _bad("no nextUpdate")
    return VerifiedList(
        crl=crl, number=number, this_update=crl.last_update_utc, next_update=next_update
    )


def fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def _check_origin(crl: x509.CertificateRevocationList, issuer: Certificate) -> None:
    if crl.issuer != issuer.x509.subject:
        raise _bad("another issuer")
    usage = issuer.x509.extensions.get_extension_for_class(x509.KeyUsage).value
    if not usage.crl_sign:
        raise _bad("the issuer may not sign lists")
    if not crl.is_signature_valid(issuer.x509.public_key()):  # type: ignore[arg-type]
        raise _bad("signature")


def _check_scope(extensions: x509.Extensions) -> None:
    """RFC 5280 §5.2: a delta, partial or indirect list does not tell the status of every card."""
    for extension in extensions:
        if extension.critical and extension.oid not in _KNOWN_CRITICAL:
            raise _bad(f"critical extension {extension.oid.dotted_string}")
        point = extension.value
        if isinstance(point, x509.IssuingDistributionPoint) and (
            point.indirect_crl
            or point.only_contains_attribute_certs
            or point.only_contains_ca_certs
            or point.only_contains_user_certs
            or point.only_some_reasons
        ):
            raise _bad("partial or indirect")
        if isinstance(point, x509.DeltaCRLIndicator):
            raise _bad("delta")


def _number(extensions: x509.Extensions) -> int:
    try:
        return extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    except x509.ExtensionNotFound:
        return 0


def _bad(detail: str) -> CardRefusedError:
    return CardRefusedError(
        CardCode.REVOCATION_UNKNOWN, detail=f"revocation list refused: {detail}", status=503
    )
