"""What the audit log holds of a person, as that person reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final


class EntryKind(StrEnum):
    """What happened."""

    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    DENIED = "denied"
    REPORTED = "reported"
    PHONE_ADDED = "phone_added"
    PHONE_REMOVED = "phone_removed"
    PHONE_SUSPENDED = "phone_suspended"
    PHONE_RESUMED = "phone_resumed"
    PHONE_ENDING = "phone_ending"


ENTRY_KINDS = [str(kind) for kind in EntryKind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line. `receipt`: the signatures behind it are the person's own, and may be fetched."""

    reference: str
    at: datetime
    kind: EntryKind
    portal: str
    method: str
    phone: str
    receipt: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a row of the audit log says."""

    reference: str
    at: datetime
    event: str
    outcome: str
    client_id: str
    data: Mapping[str, Any]
    evidence_kind: str


_REPORTED: Final = "deny:not_me"
# Evidence that a phone signed: its holder may keep it and have it verified.
RECEIPTS: Final = frozenset({"phone", "passkey"})
_OF_PHONES: Final = {
    "device_activated": EntryKind.PHONE_ADDED,
    "device_revoked": EntryKind.PHONE_REMOVED,
    "device_suspended": EntryKind.PHONE_SUSPENDED,
    "device_resumed": EntryKind.PHONE_RESUMED,
    "device_ending": EntryKind.PHONE_ENDING,
}
EVENTS: Final = ("login", "phone_denied", *_OF_PHONES)


def entry_of(event: Event) -> Entry | None:
    """The line of a row, or None for what says nothing to its person."""
    kind = _kind(event)
    if kind is None:
        return None
    is_of_phone = event.event in _OF_PHONES
    return Entry(
        reference=event.reference,
        at=event.at,
        kind=kind,
        portal="" if is_of_phone else str(event.data.get("portal") or event.client_id),
        method=str(event.data.get("method", "phone" if not is_of_phone else "")),
        phone=str(event.data.get("label", "")),
        receipt=event.evidence_kind in RECEIPTS,
    )


def _kind(event: Event) -> EntryKind | None:
    match event.event, event.outcome:
        case "login", "accepted":
            return EntryKind.LOGIN
        case "login", "refused" if event.data.get("code") != "access_denied":
            return EntryKind.LOGIN_FAILED
        case "phone_denied", _:
            is_alarm = event.data.get("decision") == _REPORTED
            return EntryKind.REPORTED if is_alarm else EntryKind.DENIED
        case name, "accepted":
            return _OF_PHONES.get(name)
    return None
