"""Certificates of portals, from the header of a trusted proxy (RFC 8705 §6.4 and RFC 9440)."""

import base64
import binascii
import hashlib
from datetime import datetime
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import unquote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from django.conf import settings
from django.http import HttpRequest

LONGEST_HEADER = 16_384
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


def thumbprint(certificate: x509.Certificate) -> str:
    """RFC 8705 §3.1 `x5t#S256`."""
    digest = hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def presented_certificate(request: HttpRequest) -> x509.Certificate | None:
    """What the client showed in its TLS handshake, as a proxy of ours tells it.

    RFC 9700 §4.13: the header is removed, so that what anybody else sends is never read.
    """
    if not settings.HYGIE.accepts_client_certificates:
        return None
    name = "HTTP_" + settings.HYGIE.tls_client_cert_header.upper().replace("-", "_")
    value = str(request.META.pop(name, ""))
    if not value or len(value) > LONGEST_HEADER:
        return None
    return _parsed(value) if _is_from_proxy(request) else None


def _is_from_proxy(request: HttpRequest) -> bool:
    try:
        address = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any(
        (mapped or address) in ip_network(network) for network in settings.HYGIE.trusted_proxies
    )


def _parsed(value: str) -> x509.Certificate | None:
    """RFC 9440's `:base64:`, or PEM, percent-encoded as proxies do."""
    try:
        if value.startswith(":") and value.endswith(":"):
            return x509.load_der_x509_certificate(base64.b64decode(value[1:-1], validate=True))
        text = unquote(value).strip()
        # A second header of a name that servers take for the same would be joined to it: one
        # certificate and nothing around it.
        if not text.startswith(_BEGIN) or not text.endswith(_END) or text.count(_BEGIN) != 1:
            return None
        return x509.load_pem_x509_certificate(text.encode())
    except (ValueError, binascii.Error):
        return None


@cache
def _authorities(path: Path) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificates(path.read_bytes()))


def is_issued_by_authority(certificate: x509.Certificate, *, now: datetime) -> bool:
    """Signed by one of HYGIE_TLS_CLIENT_AUTHORITIES, in its time, and made for clients.

    Checked here and not believed from the proxy: one that lets self-signed certificates pass for
    other portals would let anybody claim a subject. Revocation is the proxy's to check.
    """
    path = settings.HYGIE.tls_client_authorities
    if path is None or not is_in_time(certificate, now=now) or not _is_for_clients(certificate):
        return False
    return any(_is_issued_by(certificate, authority) for authority in _authorities(path))


def is_in_time(certificate: x509.Certificate, *, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_for_clients(certificate: x509.Certificate) -> bool:
    try:
        usages = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return False
    return ExtendedKeyUsageOID.CLIENT_AUTH in usages
