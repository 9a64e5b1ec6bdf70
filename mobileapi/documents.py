"""Rows as the phone sees them, the same over HTTP and WebSocket."""

from typing import Any

from idp.core import clock
from idp.directory.rules.professional import Professional
from idp.enrollment.models import ApprovalRequest, Device


def device_document(device: Device, holder: Professional) -> dict[str, Any]:
    """The device, with the name of its holder in full: it is theirs."""
    return {
        "device_id": str(device.pk),
        "label": device.label,
        "state": str(device.state_at(clock.now())),
        "kind": device.kind,
        "holder": holder.display_name,
        "created_at": device.created_at.isoformat(),
        "valid_until": device.valid_until.isoformat(),
    }


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
        "is_test": request.is_test,
    }
