"""The trusted authorities, parsed once per process, and what is known of their lists.

Every login asks the database for the fingerprints (one small statement): a change is seen at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.db import connection
from django.utils.crypto import constant_time_compare, salted_hmac

from idp.cardbridge.flows.barring import check_not_barred
from idp.cardbridge.gateways.pki import Certificate, build_path, read_certificate
from idp.cardbridge.gateways.revocation_lists import serial_text
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.cardbridge.rules.hierarchy import OFFICIAL, Role, is_test_name
from idp.cardbridge.rules.refusals import CardCode, CardRefusedError
from idp.cardbridge.rules.revocation import needs_grace

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptList:
    """A list that was verified when it came in: its serials are `BarredSerial` rows."""

    number: int
    this_update: datetime
    next_update: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A trusted authority, ready for use."""

    row_id: int
    role: Role
    accepts_cards: bool
    # Certifies cards that this deployment has not opened itself to (STANDARD PERSONNES).
    is_closed_to_its_cards: bool
    certificate: Certificate
    revocation_list: KeptList | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustStore:
    """What is trusted, by SHA-256 of the certificate."""

    authorities: dict[str, Authority]

    def _of_role(self, role: Role) -> list[Certificate]:
        return [each.certificate for each in self.authorities.values() if each.role is role]

    def path_of(self, leaf: Certificate, now: datetime) -> tuple[x509.Certificate, ...]:
        """Leaf, issuing authority, root; the issuing authority is one whose keys lie on cards."""
        path = build_path(
            leaf, roots=self._of_role(Role.ROOT), issuing=self._of_role(Role.ISSUING), now=now
        )
        issuer = self._authority(path[1])
        if not issuer.accepts_cards:
            raise CardRefusedError(
                CardCode.CARD_TYPE_REFUSED
                if issuer.is_closed_to_its_cards
                else CardCode.SOFTWARE_CERTIFICATE,
                detail=f"issued by {path[1].subject.rfc4514_string()}",
                status=403,
            )
        return path

    def lists_of(self, path: Sequence[x509.Certificate]) -> tuple[KeptList, ...]:
        """The list about each certificate of the path but the root. One missing: refused."""
        lists = []
        for issuer in path[1:]:
            found = self._authority(issuer).revocation_list
            if found is None:
                raise CardRefusedError(
                    CardCode.REVOCATION_UNKNOWN,
                    detail=f"no list of {issuer.subject.rfc4514_string()}",
                    status=503,
                )
            lists.append(found)
        return tuple(lists)

    def check_revocation(
        self, path: Sequence[x509.Certificate], *, now: datetime, grace: timedelta
    ) -> None:
        """RFC 5280 §6.3, for the card and for the authority that issued it. Fail closed."""
        for known in self.lists_of(path):
            if needs_grace(
                this_update=known.this_update, next_update=known.next_update, now=now, grace=grace
            ):
                log.warning("crl_grace_used", number=known.number, next_update=known.next_update)
        check_not_barred(
            [
                (self._authority(issuer).row_id, serial_text(certificate.serial_number))
                for certificate, issuer in pairwise(path)
            ]
        )

    def _authority(self, certificate: x509.Certificate) -> Authority:
        return self.authorities[certificate.fingerprint(SHA256()).hex()]


_COLUMNS = (
    *("sha256", "role", "accepts_cards", "is_test"),
    *("revocation_list__sha256", "revocation_list__seal", "revocation_list__next_update"),
)
_Key = tuple[bool, tuple[tuple[Any, ...], ...]]
_cached: tuple[_Key, TrustStore] | None = None


@cache
def _question(_vendor: str) -> tuple[str, tuple[Any, ...]]:
    """Always the same, at every card login: Django writes it once (a quarter of the CPU)."""
    asked = TrustedCertificate.objects.filter(enabled=True).order_by("pk").values_list(*_COLUMNS)
    sql, params = asked.query.sql_with_params()
    return sql, tuple(params)


def current_trust() -> TrustStore:
    """What is enabled now. One statement when nothing has changed."""
    global _cached
    with connection.cursor() as cursor:
        cursor.execute(*_question(connection.vendor))
        # As the database gives them: they are compared, never read.
        rows = tuple(cursor.fetchall())
    key = (settings.HYGIE.is_sandbox, rows)
    if _cached is None or _cached[0] != key:
        _cached = (key, _load(only_enabled=True))
    return _cached[1]


def historical_trust() -> TrustStore:
    """Everything ever trusted: what was good then stays verifiable after it was disabled."""
    return _load(only_enabled=False)


def _load(*, only_enabled: bool) -> TrustStore:
    rows = TrustedCertificate.objects.select_related("revocation_list").defer(
        "revocation_list__der"
    )
    if only_enabled:
        rows = rows.filter(enabled=True)
    found = (_authority_of(row) for row in rows.order_by("pk"))
    return TrustStore(
        authorities={each.certificate.facts.sha256: each for each in found if each is not None}
    )


def _authority_of(row: TrustedCertificate) -> Authority | None:
    """None, loudly, for a row that must not be believed."""
    try:
        certificate = read_certificate(bytes(row.der))
    except CardRefusedError as error:
        log.error("trusted_certificate_unreadable", sha256=row.sha256, detail=error.detail)
        return None
    if certificate.facts.sha256 != row.sha256:
        log.error("trusted_certificate_altered", sha256=row.sha256)
        return None
    # Decision 10: a TEST authority is not believed outside the sandbox, however its row got there.
    is_test = row.is_test or is_test_name(text for _oid, text in certificate.facts.subject)
    if is_test and not settings.HYGIE.is_sandbox:
        log.error("test_authority_in_production", sha256=row.sha256)
        return None
    official = OFFICIAL.get(row.sha256)
    return Authority(
        row_id=row.pk,
        role=Role(row.role),
        accepts_cards=row.accepts_cards,
        is_closed_to_its_cards=(
            official is not None and official.may_be_for_cards and not row.accepts_cards
        ),
        certificate=certificate,
        revocation_list=_list_of(row),
    )


def _list_of(row: TrustedCertificate) -> KeptList | None:
    try:
        kept = row.revocation_list
    except RevocationList.DoesNotExist:
        return None
    if not is_sealed(kept):
        log.error("revocation_list_altered", issuer=row.sha256)
        return None
    return KeptList(
        number=int(kept.number), this_update=kept.this_update, next_update=kept.next_update
    )


def seal_of(row: RevocationList) -> str:
    """Says that this deployment verified the list: nobody else knows the key."""
    facts = (
        row.issuer_id,
        row.sha256,
        row.number,
        row.entries,
        row.this_update.timestamp(),
        row.next_update.timestamp(),
    )
    text = "|".join(map(str, facts))
    return salted_hmac("hygie.revocation_list", text, algorithm="sha256").hexdigest()


def is_sealed(row: RevocationList) -> bool:
    return constant_time_compare(row.seal, seal_of(row))
