"""Devices with their keys, enrolments, requests, rings: fields, constraints, atomic moves."""

from idp.enrollment.models.ceremonies import ApprovalRequest, Enrolment, PhoneScreen
from idp.enrollment.models.devices import Device, PasskeyCredential, PinKey
from idp.enrollment.models.offline import OfflineSeed
from idp.enrollment.models.push import PushDelivery, PushKey, PushSubscription

__all__ = [
    "ApprovalRequest",
    "Device",
    "Enrolment",
    "OfflineSeed",
    "PasskeyCredential",
    "PhoneScreen",
    "PinKey",
    "PushDelivery",
    "PushKey",
    "PushSubscription",
]
