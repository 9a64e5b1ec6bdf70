"""Rows as the phone sees them, the same over HTTP and WebSocket."""

from datetime import datetime
from typing import Any

from idp.core import clock
from idp.directory.rules.professional import Professional
from idp.enrollment.flows.device_ends import life_of
from idp.enrollment.flows.device_life import new_beside
from idp.enrollment.models import ApprovalRequest, Device
from idp.enrollment.rules.approval import SCANNED
from idp.enrollment.rules.journal import Entry
from idp.enrollment.rules.states import DeviceState


def own_document(device: Device, holder: Professional) -> dict[str, Any]:
    """The device that asks, and the phones activated beside it that its holder must hear of."""
    is_active = device.state_at(clock.now()) is DeviceState.ACTIVE
    others = new_beside(device) if is_active else []
    return {
        **device_document(device, holder),
        "new_devices": [device_document(other, holder) for other in others],
    }


def device_document(device: Device, holder: Professional) -> dict[str, Any]:
    """The device, with the name of its holder in full: it is theirs."""
    life = life_of(device)
    return {
        "device_id": str(device.pk),
        "label": device.label,
        "state": str(device.state_at(clock.now())),
        "kind": device.kind,
        "holder": holder.display_name,
        "created_at": device.created_at.isoformat(),
        "activated_at": _instant(device.activated_at),
        "last_used_at": _instant(device.last_used_at),
        "valid_until": device.valid_until.isoformat(),
        "ends_at": life.ends_at.isoformat(),
        "warning": str(life.warning(clock.now())),
        "enrolled_reference": device.enrolled_reference,
    }


def entry_document(entry: Entry) -> dict[str, Any]:
    """A line of « Mon journal »."""
    return {
        "reference": entry.reference,
        "at": entry.at.isoformat(),
        "kind": str(entry.kind),
        "portal": entry.portal,
        "method": entry.method,
        "phone": entry.phone,
        "receipt": entry.receipt,
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def request_document(request: ApprovalRequest) -> dict[str, Any]:
    """All that is displayed and signed; never the number."""
    return {
        "id": str(request.pk),
        "client_id": request.client_id,
        "portal": {"name": request.rp_name, "host": request.rp_host},
        "level": request.acr,
        "browser": request.browser,
        "place": request.place,
        "iat": int(request.created_at.timestamp()),
        "exp": int(request.expires_at.timestamp()),
        "created_at": request.created_at.isoformat(),
        "expires_at": request.expires_at.isoformat(),
        "number_length": request.number_length,
        "binding_message": request.binding_message,
        "means": SCANNED if request.is_scanned else "",
        "is_test": request.is_test,
    }
