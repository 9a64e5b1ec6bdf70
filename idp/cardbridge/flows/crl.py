"""Revocation lists: brought by an operator, or fetched by the worker when they are due."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from idp.cardbridge.gateways.pki import read_certificate
from idp.cardbridge.gateways.revocation_lists import (
    VerifiedList,
    fingerprint,
    read_list,
    verify_list,
)
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.revocation import CLOCK_SKEW
from idp.core import clock, outbound
from idp.core.errors import IdpError

log = structlog.get_logger()

# IGC-Santé publishes daily; an opposition of the day should be known the same day.
FETCH_EVERY = timedelta(hours=6)
FETCH_BEFORE_END = timedelta(hours=1)
MAX_LIST_BYTES = 32 * 1024 * 1024
FETCH_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a round of the worker did."""

    fetched: int
    failed: int


def import_list(*, data: bytes) -> RevocationList:
    """Keeps a list after its signature by a trusted authority was checked; never an older one."""
    crl, der = read_list(data)
    refusals = []
    for issuer in TrustedCertificate.objects.filter(enabled=True):
        try:
            known = verify_list(crl, read_certificate(bytes(issuer.der)))
        except CardRefusedError as error:
            refusals.append(f"{issuer.subject}: {error.detail}")
            continue
        return _keep(issuer, known, der)
    raise _refused("no trusted authority signed this list.\n" + "\n".join(refusals))


def refresh_due_crls() -> Refreshed:
    """Fetches every list that is missing, old, or near its end. Job of the worker."""
    fetched = failed = 0
    for issuer in _due():
        try:
            _fetch(issuer)
            fetched += 1
        except IdpError as error:
            # The others are fetched all the same; a list that ends meanwhile fails closed.
            log.error("crl_refresh_failed", url=issuer.crl_url, detail=error.detail)
            failed += 1
    return Refreshed(fetched=fetched, failed=failed)


def _due() -> list[TrustedCertificate]:
    now = clock.now()
    trusted = TrustedCertificate.objects.filter(enabled=True).exclude(crl_url="")
    if not settings.HYGIE.is_sandbox:
        trusted = trusted.filter(is_test=False)
    return list(
        trusted.filter(
            Q(revocation_list__isnull=True)
            | Q(revocation_list__fetched_at__lte=now - FETCH_EVERY)
            | Q(revocation_list__next_update__lte=now + FETCH_BEFORE_END)
        ).order_by("pk")
    )


def _fetch(issuer: TrustedCertificate) -> None:
    answer = outbound.send(url=issuer.crl_url, max_bytes=MAX_LIST_BYTES, seconds=FETCH_SECONDS)
    if answer.status != 200:
        raise _refused(f"the server answered {answer.status}")
    crl, der = read_list(answer.body)
    _keep(issuer, verify_list(crl, read_certificate(bytes(issuer.der))), der)
    log.info("crl_refreshed", url=issuer.crl_url)


@transaction.atomic
def _keep(issuer: TrustedCertificate, known: VerifiedList, der: bytes) -> RevocationList:
    now = clock.now()
    if known.this_update > now + CLOCK_SKEW:
        raise _refused("the list is from the future")
    # The lock makes two workers write one after the other.
    TrustedCertificate.objects.select_for_update().get(pk=issuer.pk)
    kept = RevocationList.objects.filter(issuer=issuer).first()
    # An old list is genuine too: taking it again would bring opposed cards back to life.
    if kept is not None and (known.this_update, known.number) < (
        kept.this_update,
        int(kept.number),
    ):
        raise _refused(f"older than the list number {kept.number} of {kept.this_update:%Y-%m-%d}")
    row, _is_new = RevocationList.objects.update_or_create(
        issuer=issuer,
        defaults={
            "sha256": fingerprint(der),
            "der": der,
            "number": str(known.number),
            "this_update": known.this_update,
            "next_update": known.next_update,
            "fetched_at": now,
        },
    )
    return row


def _refused(detail: str) -> CardRefusedError:
    return CardRefusedError(CardCode.REVOCATION_UNKNOWN, detail=detail, status=503)
