"""Approval: the context a phone displays, and the bytes it signs about it."""

import hashlib
from dataclasses import asdict, dataclass
from enum import StrEnum

from idp.enrollment.rules.encoding import canonical_json

APPROVAL_TAG = b"ecps-approval-v1\0"
# `means` of a request that the phone opened by reading the code on the login page.
SCANNED = "scan"


class Decision(StrEnum):
    """What a holder can say about a request."""

    APPROVE = "approve"
    CHANGED_MIND = "deny:changed_mind"
    NOT_ME = "deny:not_me"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalContext:
    """Every field shown on the phone. `number` is empty where none was typed: in a refusal, where
    the portal shows none, and where the phone read the code on the screen. `binding_message` and
    `means` are signed where there is one.
    """

    id: str
    client_id: str
    rp_name: str
    rp_host: str
    acr: str
    browser: str
    place: str
    iat: int
    exp: int
    number: str
    device_id: str
    binding_message: str = ""
    means: str = ""

    def to_json(self) -> dict[str, str | int]:
        context = {"v": 1, **asdict(self)}
        for optional in ("binding_message", "means"):
            if not context[optional]:
                del context[optional]
        return context


def approval_challenge(*, nonce: bytes, context: dict[str, str | int], decision: Decision) -> bytes:
    """C = SHA-256(tag ‖ nonce ‖ JCS(context with the decision)), 32 bytes.

    The same for a refusal, so that a refusal is signed too and can be proven.
    """
    signed = canonical_json({**context, "decision": str(decision)})
    return hashlib.sha256(APPROVAL_TAG + nonce + signed).digest()
