"""Holds each row's evidence against its signatures, against the row, and against the other rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.db.models.fields.json import KT
from django.utils.module_loading import import_string

from idp.audit.flows.recording import Outcome
from idp.audit.models import AuditRow
from idp.audit.rules.statement import Statement, contradiction
from idp.core import clock
from idp.core.errors import IdpError

Verifier = Callable[[dict[str, Any]], Statement]


def _verifiers() -> dict[str, Verifier]:
    return {kind: import_string(path) for kind, path in settings.AUDIT_EVIDENCE_VERIFIERS.items()}


@dataclass(slots=True)
class EvidenceCheck:
    """One walk over the log, oldest row first: a device signs only after it was activated."""

    verifiers: dict[str, Verifier] = field(default_factory=_verifiers)
    checked: int = 0
    _owners: dict[str, str] = field(default_factory=dict)
    _certificates: dict[str, str] = field(default_factory=dict)

    def flaw_of(self, row: AuditRow) -> str:
        """What is wrong with the evidence of this row, or `""`."""
        if row.evidence is None:
            return "its evidence is missing" if _must_have_evidence(row) else ""
        kind = str(row.evidence.get("kind", "")) if isinstance(row.evidence, dict) else ""
        if kind not in self.verifiers:
            return f"unknown kind of evidence {kind!r}"
        try:
            # Certificates and lists are judged at the instant of the login, not of the check.
            with clock.frozen(row.at):
                statement = self.verifiers[kind](row.evidence)
        except IdpError as error:
            return f"evidence refused, {error}"
        # Evidence that was altered need not have the shape that its verifier expects.
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            return f"evidence is malformed, {type(error).__name__}"
        for key in statement.introduces:
            self._owners.setdefault(key, row.subject)
        if statement.certifies:
            self._certificates.setdefault(statement.certifies, row.subject)
        self.checked += 1
        return contradiction(
            statement,
            subject=row.subject,
            client_id=row.client_id,
            owners=self._owners,
            certificates=self._certificates,
        )


def _must_have_evidence(row: AuditRow) -> bool:
    """A test identity signs nothing, nor does a typed code; their rows say so."""
    method, level = row.data.get("method"), row.data.get("level")
    is_test_identity = row.is_test and method == "test"
    unsigned = settings.AUDIT_METHODS_WITHOUT_EVIDENCE
    is_unsigned = method in unsigned and unsigned[method] == level
    return (
        row.event in settings.AUDIT_EVENTS_WITH_EVIDENCE
        and row.outcome == Outcome.ACCEPTED
        and not is_test_identity
        and not is_unsigned
    )


def find_reuse() -> AuditRow | None:
    """The later of two rows that lean on one signed challenge: it signs one thing, once."""
    for kind, member in settings.AUDIT_EVIDENCE_ONCE.items():
        of_kind = AuditRow.objects.filter(evidence__kind=kind).order_by()
        signed = of_kind.annotate(signed=KT(f"evidence__{member}")).values("signed")
        for twice in signed.annotate(uses=Count("pk")).filter(uses__gt=1)[:1]:
            same = of_kind.filter(**{f"evidence__{member}": twice["signed"]})
            return same.order_by("id").last()
    return None
