"""Devices with their keys, enrolments, approval requests: fields, constraints, atomic moves."""

from idp.enrollment.models.ceremonies import ApprovalRequest, Enrolment
from idp.enrollment.models.devices import Device, PasskeyCredential, PinKey

__all__ = ["ApprovalRequest", "Device", "Enrolment", "PasskeyCredential", "PinKey"]
