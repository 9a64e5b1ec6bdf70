"""Which authorities are trusted: imported, shown, disabled. `manage.py trust`, the sandbox."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from idp.audit.flows import Outcome, record
from idp.cardbridge.gateways.pki import (
    Certificate,
    is_issued_by,
    read_certificate,
    read_certificates,
)
from idp.cardbridge.models import TrustedCertificate
from idp.cardbridge.rules.certificate import Usage
from idp.cardbridge.rules.hierarchy import OFFICIAL, Official, Role, is_test_name
from idp.core import clock
from idp.core.errors import IdpError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the operator says beside the file. Fingerprints in lower-case hexadecimal."""

    accept: Collection[str] = ()
    for_cards: Collection[str] = ()
    crl_urls: dict[str, str] | None = None
    ocsp_urls: dict[str, str] | None = None
    # Whose OCSP responder answers without repeating a nonce.
    ocsp_without_nonce: Collection[str] = ()


@transaction.atomic
def import_authorities(*, data: bytes, wish: Wish) -> list[TrustedCertificate]:
    """Trusts every certificate of a file, roots first, all or none. Trusting again enables."""
    certificates = sorted(read_certificates(data), key=lambda each: not each.is_self_issued)
    return [_trust(certificate, wish) for certificate in certificates]


def disable_authority(*, fingerprint: str) -> TrustedCertificate:
    """No login from now on; history stays verifiable."""
    row = TrustedCertificate.objects.filter(sha256=fingerprint).first()
    if row is None:
        raise _refused(f"no trusted certificate has the fingerprint {fingerprint}")
    if TrustedCertificate.objects.filter(pk=row.pk, enabled=True).update(enabled=False):
        _audit("trust_disabled", row)
    row.refresh_from_db()
    return row


def _trust(certificate: Certificate, wish: Wish) -> TrustedCertificate:
    sha256 = certificate.facts.sha256
    known = OFFICIAL.get(sha256)
    is_test = is_test_name(text for _oid, text in certificate.facts.subject)
    # Decision 10. No option opens this: not even --accept.
    if is_test and not settings.HYGIE.is_sandbox:
        raise _refused(f"{certificate.subject_text} is a TEST authority: sandbox mode only")
    if known is None and sha256 not in wish.accept:
        raise _refused(
            f"{certificate.subject_text} is not one of the official authorities of IGC-Santé.\n"
            f"Its SHA-256 fingerprint is {sha256}. If you have checked it against its publisher, "
            f"repeat with --accept {sha256}"
        )
    role = _role_of(certificate)
    told: dict[str, Any] = {
        "role": role,
        "der": certificate.der,
        "subject": certificate.subject_text,
        "is_test": is_test,
        "accepts_cards": _accepts_cards(certificate, known, role, wish),
        "enabled": True,
        "ocsp_url": (wish.ocsp_urls or {}).get(sha256) or (known.ocsp_url if known else ""),
        "ocsp_requires_nonce": sha256 not in wish.ocsp_without_nonce,
        "crl_url": (wish.crl_urls or {}).get(sha256) or (known.crl_url if known else ""),
    }
    row, is_new = TrustedCertificate.objects.get_or_create(
        sha256=sha256, defaults={**told, "added_at": clock.now()}
    )
    if is_new or _differs(row, told):
        TrustedCertificate.objects.filter(pk=row.pk).update(**told)
        row.refresh_from_db()
        _audit("trust_imported", row)
    return row


def _differs(row: TrustedCertificate, told: dict[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in told.items() if name != "der")


def _role_of(certificate: Certificate) -> Role:
    facts = certificate.facts
    if not facts.is_authority or Usage.KEY_CERT_SIGN not in facts.usages:
        raise _refused(f"{certificate.subject_text} is no certification authority")
    if certificate.is_self_issued:
        if not is_issued_by(certificate, certificate):
            raise _refused(f"{certificate.subject_text}: its own signature is wrong")
        return Role.ROOT
    roots = TrustedCertificate.objects.filter(role=Role.ROOT, enabled=True)
    if not any(is_issued_by(certificate, read_certificate(bytes(root.der))) for root in roots):
        raise _refused(f"{certificate.subject_text}: import its root first")
    return Role.ISSUING


def _accepts_cards(
    certificate: Certificate, known: Official | None, role: Role, wish: Wish
) -> bool:
    asked = certificate.facts.sha256 in wish.for_cards
    if asked and (role is Role.ROOT or (known is not None and not known.may_be_for_cards)):
        raise _refused(
            f"{certificate.subject_text} does not certify persons' cards "
            "(ELEMENTAIRE: keys in files; ORGANISATIONS: no persons)"
        )
    return asked or (known is not None and known.for_cards)


def _audit(event: str, row: TrustedCertificate) -> None:
    record(
        event=event,
        outcome=Outcome.ACCEPTED,
        is_test=row.is_test,
        data={"sha256": row.sha256, "subject": row.subject, "accepts_cards": row.accepts_cards},
    )


def _refused(detail: str) -> IdpError:
    return IdpError("trust_refused", "", detail=detail)
