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
    kind = str(row.evidence.get("kind", "")) if isinstance(row.evidence, dict) else ""
    if kind not in verifiers:
        return f"{_named(row)}: unknown kind of evidence {kind!r}"
    try:
        # Certificates and lists are judged at the instant of the login, not of the check.
        with clock.frozen(row.at):
            verifiers[kind](row.evidence)
    except IdpError as error:
        return f"{_named(row)}: evidence refused, {error}"
    # Evidence that was altered need not have the shape that its verifier expects.
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return f"{_named(row)}: evidence is malformed, {type(error).__name__}"
    return None


def _named(row: AuditRow) -> str:
    place = f"row {row.sequence}" if row.sequence else f"unsealed row, id {row.pk}"
    return f"{place} ({row.reference})"


def _sealed_rows() -> Iterator[AuditRow]:
    return AuditRow.objects.filter(sequence__isnull=False).order_by("sequence").iterator(500)


def verify() -> Report:
    """Walks the chain in order and stops at the first bad row.

    The head is read before and after: what the sealer adds meanwhile continues the chain.
    """
    verifiers = _verifiers()
    head = _head()
    previous, expected, evidence_checked = GENESIS, 0, 0

    def report(bad: str | None) -> Report:
        unsealed = AuditRow.objects.filter(sequence__isnull=True).count()
        return Report(
            sealed=expected, unsealed=unsealed, evidence_checked=evidence_checked, first_bad=bad
        )

    for row in _sealed_rows():
        if bad := _check_head(head, expected, previous):
            return report(bad)
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
    if head is not None and head.sequence > expected:
        return report(f"row {expected + 1}: missing (the chain was sealed up to {head.sequence})")
    return report(_check_end(expected, previous) or _check_unsealed(verifiers))


def _head() -> ChainHead | None:
    return ChainHead.objects.filter(id=1).first()


def _check_end(sequence: int, chain_hash: bytes) -> str | None:
    head = _head()
    if head is None:
        return "the head of the chain is missing" if sequence else None
    if head.sequence < sequence:
        return f"row {head.sequence + 1}: was not sealed by the sealer"
    return _check_head(head, sequence, chain_hash)


def _check_head(head: ChainHead | None, sequence: int, chain_hash: bytes) -> str | None:
    """What the sealer remembers of the row that it sealed last, when the walk is there."""
    if head is not None and head.sequence == sequence and bytes(head.chain_hash) != chain_hash:
        return f"row {sequence}: is not the one that was sealed"
    return None


def _check_unsealed(verifiers: dict[str, Verifier]) -> str | None:
    for row in AuditRow.objects.filter(sequence__isnull=True).iterator(500):
        if bad := _check_evidence(row, verifiers):
            return bad
    return None
