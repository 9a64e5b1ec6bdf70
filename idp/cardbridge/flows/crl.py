"""Revocation lists: brought by an operator, or fetched by the worker when they are due."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from idp.cardbridge.flows.barring import bar, lift
from idp.cardbridge.flows.trust_store import is_sealed, seal_of
from idp.cardbridge.gateways.pki import read_certificate
from idp.cardbridge.gateways.revocation_lists import (
    VerifiedList,
    fingerprint,
    read_list,
    verify_list,
)
from idp.cardbridge.models import BarredSerial, RevocationList, TrustedCertificate
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.revocation import CLOCK_SKEW, Bar, Source
from idp.core import clock, outbound
from idp.core.errors import IdpError

log = structlog.get_logger()

# IGC-Santé publishes daily; an opposition of the day should be known the same day.
FETCH_EVERY = timedelta(hours=6)
FETCH_BEFORE_END = timedelta(hours=1)
MAX_LIST_BYTES = 32 * 1024 * 1024
FETCH_SECONDS = 60.0
# Serials written in one transaction: a fraction of a second, for which SQLite alone has all wait.
BATCH = 5000
_WRITTEN = (
    "sha256",
    "der",
    "number",
    "entries",
    "this_update",
    "next_update",
    "fetched_at",
    "seal",
)


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
            TrustedCertificate.objects.filter(pk=issuer.pk).update(
                crl_failures=F("crl_failures") + 1, last_crl_failure=error.detail[:300]
            )
            failed += 1
    return Refreshed(fetched=fetched, failed=failed)


def _due() -> list[TrustedCertificate]:
    now = clock.now()
    trusted = TrustedCertificate.objects.filter(enabled=True).exclude(crl_url="")
    if not settings.HYGIE.is_sandbox:
        trusted = trusted.filter(is_test=False)
    due = (
        Q(revocation_list__isnull=True)
        | Q(revocation_list__fetched_at__lte=now - FETCH_EVERY)
        | Q(revocation_list__next_update__lte=now + FETCH_BEFORE_END)
    )
    rows = trusted.select_related("revocation_list").defer("revocation_list__der").order_by("pk")
    due_ids = set(trusted.filter(due).values_list("pk", flat=True))
    # A list whose seal is not ours (another secret key, an altered row) is fetched again at once.
    return [row for row in rows if row.pk in due_ids or not is_sealed(row.revocation_list)]


def _fetch(issuer: TrustedCertificate) -> None:
    answer = outbound.send(url=issuer.crl_url, max_bytes=MAX_LIST_BYTES, seconds=FETCH_SECONDS)
    if answer.status != 200:
        raise _refused(f"the server answered {answer.status}")
    crl, der = read_list(answer.body)
    _keep(issuer, verify_list(crl, read_certificate(bytes(issuer.der))), der)
    TrustedCertificate.objects.filter(pk=issuer.pk, crl_failures__gt=0).update(
        crl_failures=0, last_crl_failure=""
    )
    log.info("crl_refreshed", url=issuer.crl_url)


def _keep(issuer: TrustedCertificate, known: VerifiedList, der: bytes) -> RevocationList:
    """Serials first, in short transactions that no login waits for; then the list that names them.

    A serial of a verified list is revoked whatever becomes of the rest: nothing is lost when this
    stops half-way, and the next round goes on.
    """
    if known.this_update > clock.now() + CLOCK_SKEW:
        raise _refused("the list is from the future")
    _refuse_older(RevocationList.objects.filter(issuer=issuer).first(), known)
    kept = set(_kept_serials(issuer))
    gone = kept - _bar_new(issuer, known, kept)
    with transaction.atomic():
        # The lock makes two workers write one after the other.
        TrustedCertificate.objects.select_for_update().get(pk=issuer.pk)
        _refuse_older(RevocationList.objects.filter(issuer=issuer).first(), known)
        for some in batched(gone, BATCH):
            lift(issuer, serials=some, sources=[Source.LIST])
        return _write(issuer, known, der)


def _kept_serials(issuer: TrustedCertificate) -> Iterator[str]:
    rows = BarredSerial.objects.filter(issuer=issuer, source=Source.LIST)
    return rows.values_list("serial", flat=True).iterator(chunk_size=10_000)


def _bar_new(issuer: TrustedCertificate, known: VerifiedList, kept: set[str]) -> set[str]:
    """Bars what the list has and we have not; returns every serial of the list."""
    listed: set[str] = set()
    fresh: list[Bar] = []
    for entry in known.revoked():
        listed.add(entry.serial)
        if entry.serial in kept:
            continue
        fresh.append(
            Bar(
                serial=entry.serial,
                source=Source.LIST,
                revoked_at=entry.revoked_at,
                reason=entry.reason,
            )
        )
        if len(fresh) == BATCH:
            bar(issuer, fresh)
            fresh.clear()
    if fresh:
        bar(issuer, fresh)
    return listed


def batched(serials: Iterable[str], size: int) -> Iterator[list[str]]:
    remaining = iter(serials)
    while some := list(islice(remaining, size)):
        yield some


def _refuse_older(kept: RevocationList | None, known: VerifiedList) -> None:
    # An old list is genuine too: taking it again would bring opposed cards back to life.
    if kept is not None and (known.this_update, known.number) < (
        kept.this_update,
        int(kept.number),
    ):
        raise _refused(f"older than the list number {kept.number} of {kept.this_update:%Y-%m-%d}")


def _write(issuer: TrustedCertificate, known: VerifiedList, der: bytes) -> RevocationList:
    row = RevocationList(
        issuer=issuer,
        sha256=fingerprint(der),
        der=der,
        number=str(known.number),
        entries=known.entries,
        this_update=known.this_update,
        next_update=known.next_update,
        fetched_at=clock.now(),
    )
    row.seal = seal_of(row)
    told = {field: getattr(row, field) for field in _WRITTEN}
    written, _is_new = RevocationList.objects.update_or_create(issuer=issuer, defaults=told)
    return written


def _refused(detail: str) -> CardRefusedError:
    return CardRefusedError(CardCode.REVOCATION_UNKNOWN, detail=detail, status=503)
