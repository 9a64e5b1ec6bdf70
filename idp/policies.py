"""What browsers are told that our pages may do: part of the settings, the same everywhere."""

from typing import Any

from csp.constants import NONE, SELF

__all__ = ["CONTENT_SECURITY_POLICY", "PERMISSIONS_POLICY"]

CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "worker-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PERMISSIONS_POLICY: dict[str, Any] = {
    "camera": ["self"],
    "geolocation": [],
    "microphone": [],
    "payment": [],
    "publickey-credentials-get": ["self"],
    "publickey-credentials-create": ["self"],
    "usb": [],
}
