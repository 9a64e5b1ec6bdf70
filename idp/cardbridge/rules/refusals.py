"""Every reason why a card login fails, as one closed set. Wording: `flows.explanations`."""

from datetime import datetime
from enum import StrEnum

from idp.core.errors import IdpError


class CardCode(StrEnum):
    """Codes shown on the page (`#card-error[data-code]`) and kept in the audit log."""

    # --- the answer
    CHALLENGE_OVER = "challenge_over"
    ANSWER_UNREADABLE = "answer_unreadable"
    ALGORITHM_REFUSED = "algorithm_refused"
    CERTIFICATE_UNREADABLE = "certificate_unreadable"
    SIGNATURE_WRONG = "signature_wrong"
    # --- the card
    CARD_EXPIRED = "card_expired"
    CARD_NOT_YET_VALID = "card_not_yet_valid"
    CARD_REVOKED = "card_revoked"
    REVOCATION_UNKNOWN = "revocation_unknown"
    UNKNOWN_ISSUER = "unknown_issuer"
    SOFTWARE_CERTIFICATE = "software_certificate"
    SIGNATURE_CERTIFICATE = "signature_certificate"
    NOT_FOR_LOGIN = "not_for_login"
    POLICY_REFUSED = "policy_refused"
    NOT_A_CARD = "not_a_card"
    TEST_CARD = "test_card"
    CARD_TYPE_REFUSED = "card_type_refused"
    # --- the person
    SERVICE_CARD = "service_card"
    IDENTITY_UNREADABLE = "identity_unreadable"
    PROFESSIONAL_UNKNOWN = "professional_unknown"


class BridgeCode(StrEnum):
    """What the bridge (its error codes, in lower case) or the page itself reports."""

    CARD_ABSENT = "card_absent"
    CARD_REMOVED = "card_removed"
    CARD_ERROR = "card_error"
    NO_READER = "no_reader"
    NO_MODULE = "no_module"
    NO_AUTH_CERTIFICATE = "no_auth_certificate"
    UNSUPPORTED_KEY = "unsupported_key"
    PIN_INCORRECT = "pin_incorrect"
    PIN_FINAL_TRY = "pin_final_try"
    PIN_LOCKED = "pin_locked"
    USER_CANCELLED = "user_cancelled"
    TIMEOUT = "timeout"
    BUSY = "busy"
    BAD_CHALLENGE = "bad_challenge"
    BAD_MESSAGE = "bad_message"
    UNKNOWN_MESSAGE = "unknown_message"
    ORIGIN_REFUSED = "origin_refused"
    # --- the page
    NO_BRIDGE = "no_bridge"
    BRIDGE_LOST = "bridge_lost"
    PERMISSION_DENIED = "permission_denied"
    CODE_MISMATCH = "code_mismatch"


class CardRefusedError(IdpError):
    """A refusal of the card login. `on`: the day the card expired or was opposed, where known."""

    def __init__(
        self,
        code: CardCode | BridgeCode,
        *,
        detail: str = "",
        status: int = 400,
        on: datetime | None = None,
    ) -> None:
        super().__init__(code, "", detail=detail, status=status)
        self.reason = code
        self.on = on
        # Filled once the card has proven that it holds the key: never from a mere claim.
        self.proven_subject = ""
