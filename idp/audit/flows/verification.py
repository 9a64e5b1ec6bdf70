"""Re-checks the whole log from the database alone: chain first, then each login's evidence."""

from collections.abc import Iterator
from dataclasses import dataclass

from idp.audit.flows.evidence import EvidenceCheck, find_reuse
from idp.audit.models import AuditRow, ChainHead
from idp.audit.rules.chain import GENESIS, Anchor, link


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was found. `first_bad` names the row and why; None when all is well."""

    sealed: int
    unsealed: int
    evidence_checked: int
    # Of the last row: what an operator keeps elsewhere, and holds against a later verification.
    anchor: Anchor
    first_bad: str | None


def _named(row: AuditRow) -> str:
    place = f"row {row.sequence}" if row.sequence else f"unsealed row, id {row.pk}"
    return f"{place} ({row.reference})"


def _sealed_rows() -> Iterator[AuditRow]:
    return AuditRow.objects.filter(sequence__isnull=False).order_by("sequence").iterator(500)


def verify(*, kept: Anchor | None = None) -> Report:
    """Walks the chain in order and stops at the first bad row.

    The head is read before and after: what the sealer adds meanwhile continues the chain. `kept`:
    an anchor from outside the database, which nobody who rewrote the database could rewrite.
    """
    evidence = EvidenceCheck()
    head = _head()
    previous, expected = GENESIS, 0

    def report(bad: str | None) -> Report:
        unsealed = AuditRow.objects.filter(sequence__isnull=True).count()
        return Report(
            sealed=expected,
            unsealed=unsealed,
            evidence_checked=evidence.checked,
            anchor=Anchor(sequence=expected, chain_hash=previous),
            first_bad=bad,
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
        if flaw := evidence.flaw_of(row):
            return report(f"{_named(row)}: {flaw}")
        previous = digest
        if kept is not None and kept.sequence == expected and kept.chain_hash != digest:
            return report(f"row {expected}: is not the one of the anchor that was kept")
    if kept is not None and kept.sequence > expected:
        return report(f"row {expected + 1}: missing (an anchor was kept of row {kept.sequence})")
    if head is not None and head.sequence > expected:
        return report(f"row {expected + 1}: missing (the chain was sealed up to {head.sequence})")
    return report(
        _check_end(expected, previous) or _check_unsealed(evidence) or _check_single_use()
    )


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


def _check_unsealed(evidence: EvidenceCheck) -> str | None:
    for row in AuditRow.objects.filter(sequence__isnull=True).order_by("id").iterator(500):
        if flaw := evidence.flaw_of(row):
            return f"{_named(row)}: {flaw}"
    return None


def _check_single_use() -> str | None:
    row = find_reuse()
    return f"{_named(row)}: evidence of an earlier row, used again" if row else None
