"""Re-checks the whole log from the database alone: chain first, then each login's evidence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from idp.audit.models import AuditRow, ChainHead
from idp.audit.rules.chain import GENESIS, link
from idp.core import clock
from idp.core.errors import IdpError

Verifier = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found. `first_bad` names the row and why; None when all is well."""

    sealed: int
    unsealed: int
    evidence_checked: int
    first_bad: str | None


def _verifiers() -> dict[str, Verifier]:
    return {kind: import_string(path) for kind, path in settings.AUDIT_EVIDENCE_VERIFIERS.items()}


def _check_evidence(row: AuditRow, verifiers: dict[str, Verifier]) -> str | None:
    if row.evidence is None:
        return None
    kind = str(row.evidence.get("kind", ""))
    if kind not in verifiers:
        return f"row {row.sequence or row.pk} ({row.reference}): unknown kind of evidence {kind!r}"
    try:
        # Certificates and lists are judged at the instant of the login, not of the check.
        with clock.frozen(row.at):
            verifiers[kind](row.evidence)
    except IdpError as error:
        return f"row {row.sequence or row.pk} ({row.reference}): evidence refused, {error}"
    return None


def _sealed_rows() -> Iterator[AuditRow]:
    return AuditRow.objects.filter(sequence__isnull=False).order_by("sequence").iterator(500)


def verify() -> Report:
    """Walks the chain in order and stops at the first bad row."""
    verifiers = _verifiers()
    previous, expected, evidence_checked = GENESIS, 0, 0

    def report(bad: str | None) -> Report:
        unsealed = AuditRow.objects.filter(sequence__isnull=True).count()
        return Report(
            sealed=expected, unsealed=unsealed, evidence_checked=evidence_checked, first_bad=bad
        )

    for row in _sealed_rows():
        expected += 1
        if row.sequence != expected:
            return report(f"row {expected}: missing (the next one found is {row.sequence})")
        digest = link(previous, expected, row.content())
        if row.chain_hash is None or bytes(row.chain_hash) != digest:
            return report(f"row {expected} ({row.reference}): content does not match its seal")
        if bad := _check_evidence(row, verifiers):
            return report(bad)
        evidence_checked += row.evidence is not None
        previous = digest
    return report(_check_tail(expected, previous) or _check_unsealed(verifiers))


def _check_tail(last_sequence: int, last_hash: bytes) -> str | None:
    head = ChainHead.objects.filter(id=1).first()
    if head is None:
        return None if last_sequence == 0 else "the head of the chain is missing"
    if head.sequence != last_sequence or bytes(head.chain_hash) != last_hash:
        return f"row {last_sequence + 1}: missing (the chain was sealed up to {head.sequence})"
    return None


def _check_unsealed(verifiers: dict[str, Verifier]) -> str | None:
    for row in AuditRow.objects.filter(sequence__isnull=True).iterator(500):
        if bad := _check_evidence(row, verifiers):
            return bad
    return None
