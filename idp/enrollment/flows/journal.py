"""« Mon journal »: what was done in a person's name, on each of their phones."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import QuerySet
from django.db.models.fields.json import KT

from idp.audit.models import AuditRow
from idp.core import clock
from idp.enrollment.flows import refusals
from idp.enrollment.flows.devices import require_active
from idp.enrollment.flows.people import holder_of
from idp.enrollment.models import Device
from idp.enrollment.rules.journal import EVENTS, RECEIPTS, Entry, Event, entry_of

SHOWN: Final = 50
# A year of it: what is older is the operator's to keep, not a phone's to show.
MEMORY: Final = timedelta(days=365)


def journal_of(*, device: Device) -> list[Entry]:
    """The latest first. Only an active phone of the person reads it."""
    require_active(device)
    rows = _rows_of(device).values_list(
        "reference", "at", "event", "outcome", "client_id", "data", KT("evidence__kind")
    )[:SHOWN]
    events = (
        Event(
            reference=reference,
            at=at,
            event=event,
            outcome=outcome,
            client_id=client_id,
            data=data,
            evidence_kind=kind or "",
        )
        for reference, at, event, outcome, client_id, data, kind in rows
    )
    return [entry for event in events if (entry := entry_of(event)) is not None]


def receipt_of(*, device: Device, reference: str) -> dict[str, Any]:
    """What a phone of this person signed, as the audit log keeps it: to be verified offline."""
    require_active(device)
    row = _rows_of(device).filter(reference=reference).first()
    if row is None or row.evidence is None or row.evidence.get("kind") not in RECEIPTS:
        raise refusals.no_receipt()
    return dict(row.evidence)


def _rows_of(device: Device) -> QuerySet[AuditRow]:
    holder = holder_of(device.holder_id)
    names = {holder.national_id, *(each.identifier for each in holder.alternative_identifiers)}
    return AuditRow.objects.filter(
        subject__in=sorted(names), event__in=EVENTS, at__gt=clock.now() - MEMORY
    ).order_by("-at", "-id")
