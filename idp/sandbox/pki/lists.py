"""The lists of the TEST authorities: signed anew when a card is opposed or the end is near."""

import json
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy
from idp.sandbox.pki.store import Credential, write

GOOD_FOR = timedelta(days=30)
RENEW_BEFORE = timedelta(days=15)
_REVOKED = "revoked.json"


def revoke(directory: Path, *, issuer: AuthorityName, serial_number: int, now: datetime) -> None:
    """Remembers the certificate, once; `publish` puts it on the list."""
    revoked = _revoked(directory)
    listed = revoked.setdefault(issuer, {})
    serial = f"{serial_number:x}"
    if serial in listed:
        return
    listed[serial] = now.isoformat()
    write(directory / _REVOKED, json.dumps(revoked, indent=1).encode())


def publish(directory: Path, hierarchy: Hierarchy, *, now: datetime) -> dict[AuthorityName, bytes]:
    """The DER of every list; signed anew where a certificate is missing or the end is near."""
    return {
        name: _current(directory, name, credential, now)
        for name, credential in hierarchy.authorities.items()
    }


def list_path(directory: Path, name: AuthorityName) -> Path:
    return directory / f"{name}.crl"


def _current(directory: Path, name: AuthorityName, issuer: Credential, now: datetime) -> bytes:
    path = list_path(directory, name)
    wanted = {int(serial, 16): day for serial, day in _revoked(directory).get(name, {}).items()}
    number = 1
    if path.exists():
        der = path.read_bytes()
        kept = x509.load_der_x509_crl(der)
        if _is_good(kept, wanted, issuer, now):
            return der
        number = 1 + kept.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    der = _sign(issuer, wanted, number, now)
    write(path, der)
    return der


def _is_good(
    kept: x509.CertificateRevocationList,
    wanted: dict[int, str],
    issuer: Credential,
    now: datetime,
) -> bool:
    end = kept.next_update_utc
    return (
        end is not None
        and end - now > RENEW_BEFORE
        and kept.last_update_utc <= now
        and {entry.serial_number for entry in kept} == set(wanted)
        and kept.is_signature_valid(issuer.certificate.public_key())  # type: ignore[arg-type]
    )


def _sign(issuer: Credential, wanted: dict[int, str], number: int, now: datetime) -> bytes:
    identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(now)
        .next_update(now + GOOD_FOR)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(identifier, critical=False)
    )
    for serial_number, day in sorted(wanted.items()):
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(serial_number)
            .revocation_date(datetime.fromisoformat(day))
            .build()
        )
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def _revoked(directory: Path) -> dict[str, dict[str, str]]:
    path = directory / _REVOKED
    if not path.exists():
        return {}
    content: dict[str, dict[str, str]] = json.loads(path.read_bytes())
    return content
