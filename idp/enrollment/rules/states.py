"""The three state machines. A model moves only along these tables (conditional UPDATE)."""

from enum import StrEnum


class DeviceKind(StrEnum):
    PASSKEY = "passkey"
    PIN = "pin"


class DeviceState(StrEnum):
    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    BLOCKED = "blocked"
    REVOKED = "revoked"


class EnrolmentState(StrEnum):
    WAITING = "waiting"
    CLAIMED = "claimed"
    KEYS_RECEIVED = "keys_received"
    # The six digits were right: the card has the last word.
    COMPARED = "compared"
    ACTIVE = "active"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class RequestState(StrEnum):
    PENDING = "pending"
    NUMBER_OK = "number_ok"
    APPROVED = "approved"
    DENIED = "denied"
    REPORTED = "reported"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


# As lists of their own, for the API's document.
DEVICE_STATES = [str(state) for state in DeviceState]
DEVICE_KINDS = [str(kind) for kind in DeviceKind]

# Target → the states it can be reached from.
DEVICE_SOURCES: dict[DeviceState, frozenset[DeviceState]] = {
    DeviceState.PENDING: frozenset(),
    DeviceState.ACTIVE: frozenset({DeviceState.PENDING, DeviceState.SUSPENDED}),
    DeviceState.SUSPENDED: frozenset({DeviceState.ACTIVE}),
    DeviceState.BLOCKED: frozenset({DeviceState.ACTIVE}),
    DeviceState.REVOKED: frozenset(
        {
            DeviceState.PENDING,
            DeviceState.ACTIVE,
            DeviceState.SUSPENDED,
            DeviceState.BLOCKED,
        }
    ),
}

OPEN_ENROLMENTS = frozenset(
    {
        EnrolmentState.WAITING,
        EnrolmentState.CLAIMED,
        EnrolmentState.KEYS_RECEIVED,
        EnrolmentState.COMPARED,
    }
)
ENROLMENT_SOURCES: dict[EnrolmentState, frozenset[EnrolmentState]] = {
    EnrolmentState.WAITING: frozenset(),
    EnrolmentState.CLAIMED: frozenset({EnrolmentState.WAITING}),
    EnrolmentState.KEYS_RECEIVED: frozenset({EnrolmentState.CLAIMED}),
    EnrolmentState.COMPARED: frozenset({EnrolmentState.KEYS_RECEIVED}),
    # At once only for a test identity, which has no card to sign with.
    EnrolmentState.ACTIVE: frozenset({EnrolmentState.KEYS_RECEIVED, EnrolmentState.COMPARED}),
    EnrolmentState.CANCELLED: OPEN_ENROLMENTS,
    EnrolmentState.EXPIRED: OPEN_ENROLMENTS,
}

OPEN_REQUESTS = frozenset({RequestState.PENDING, RequestState.NUMBER_OK})
REQUEST_SOURCES: dict[RequestState, frozenset[RequestState]] = {
    RequestState.PENDING: frozenset(),
    # Again from itself: after a wrong PIN the same number brings a fresh challenge.
    RequestState.NUMBER_OK: OPEN_REQUESTS,
    RequestState.APPROVED: frozenset({RequestState.NUMBER_OK}),
    RequestState.DENIED: OPEN_REQUESTS,
    RequestState.REPORTED: OPEN_REQUESTS,
    RequestState.FAILED: OPEN_REQUESTS,
    RequestState.EXPIRED: OPEN_REQUESTS,
    RequestState.CANCELLED: OPEN_REQUESTS,
}

# What the waiting page is told: not how far the phone got, nor which refusal it was.
SHOWN: dict[RequestState, str] = {
    RequestState.PENDING: "pending",
    RequestState.NUMBER_OK: "pending",
    RequestState.APPROVED: "approved",
    RequestState.DENIED: "denied",
    RequestState.REPORTED: "denied",
    RequestState.FAILED: "failed",
    RequestState.EXPIRED: "expired",
    RequestState.CANCELLED: "cancelled",
}
