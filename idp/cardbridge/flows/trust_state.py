"""What an operator must know of the trust in cards: which news of revocation are late, since when.

For `manage.py trust show|check`, the system check and the administration.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from idp.audit.models import AuditRow
from idp.cardbridge.flows.trust_store import is_sealed
from idp.cardbridge.gateways.pki import is_issued_by, read_certificate
from idp.cardbridge.models import RevocationList, TrustedCertificate
from idp.cardbridge.rules.refusals import CardCode
from idp.core import clock

COUNTED_BACK = timedelta(hours=24)
# Fetches are six hours apart, five minutes after one that failed.
FAILURES_IN_A_ROW = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorityState:
    """`problems`: empty where cards of this authority can be verified."""

    row: TrustedCertificate
    list_text: str
    problems: tuple[str, ...]


def trust_state() -> list[AuthorityState]:
    """Every authority, in the order it was brought."""
    rows = TrustedCertificate.objects.select_related("revocation_list").defer(
        "revocation_list__der"
    )
    return [_state_of(row) for row in rows.order_by("pk")]


def refused_for_want_of_news() -> int:
    """Logins of the last 24 hours that failed closed: no card was at fault."""
    return AuditRow.objects.filter(
        event="login",
        at__gte=clock.now() - COUNTED_BACK,
        data__code=str(CardCode.REVOCATION_UNKNOWN),
    ).count()


def _state_of(row: TrustedCertificate) -> AuthorityState:
    kept: RevocationList | None = getattr(row, "revocation_list", None)
    problems = [*_list_problems(row, kept), *_fetch_problems(row)]
    return AuthorityState(row=row, list_text=_text_of(kept), problems=tuple(problems))


def _text_of(kept: RevocationList | None) -> str:
    if kept is None:
        return "NO revocation list"
    return (
        f"list number {kept.number}, {kept.entries} entries, "
        f"next {kept.next_update:%Y-%m-%d %H:%M}, fetched {kept.fetched_at:%Y-%m-%d %H:%M}"
    )


def _list_problems(row: TrustedCertificate, kept: RevocationList | None) -> list[str]:
    if not row.enabled or not _is_needed(row):
        return []
    if kept is None:
        return ["no list was ever brought: its cards are refused"]
    if not is_sealed(kept):
        return ["its list was not written by this deployment: its cards are refused"]
    now, grace = clock.now(), settings.HYGIE.crl_grace
    if now > kept.next_update + grace:
        return [f"its list is stale since {kept.next_update:%Y-%m-%d %H:%M}: cards are refused"]
    if now > kept.next_update:
        left = kept.next_update + grace
        return [f"its list is stale: the grace window ends {left:%Y-%m-%d %H:%M}"]
    return []


def _is_needed(row: TrustedCertificate) -> bool:
    """An authority that certifies files is trusted to be recognised, and never asked more of."""
    return row.accepts_cards or (
        row.role == "root" and any(_issued_here(row, each) for each in _card_authorities())
    )


def _card_authorities() -> list[TrustedCertificate]:
    return list(TrustedCertificate.objects.filter(enabled=True, accepts_cards=True))


def _issued_here(root: TrustedCertificate, issuing: TrustedCertificate) -> bool:
    from_root = read_certificate(bytes(issuing.der))
    return is_issued_by(from_root, read_certificate(bytes(root.der)))


def _fetch_problems(row: TrustedCertificate) -> list[str]:
    counted = (
        ("fetches of the list", row.crl_failures, row.last_crl_failure),
        ("questions by OCSP", row.ocsp_failures, row.last_ocsp_failure),
    )
    return [
        f"{failures} {what} failed in a row, the last: {last}"
        for what, failures, last in counted
        if row.enabled and failures >= FAILURES_IN_A_ROW
    ]
