"""What a login page may be told when a card login fails, and nothing more."""

from enum import StrEnum


class Code(StrEnum):
    """The closed set of error codes of the protocol `cps-bridge.v1`."""

    CARD_ABSENT = "CARD_ABSENT"
    CARD_REMOVED = "CARD_REMOVED"
    CARD_ERROR = "CARD_ERROR"
    NO_READER = "NO_READER"
    NO_MODULE = "NO_MODULE"
    NO_AUTH_CERTIFICATE = "NO_AUTH_CERTIFICATE"
    UNSUPPORTED_KEY = "UNSUPPORTED_KEY"
    PIN_INCORRECT = "PIN_INCORRECT"
    PIN_LOCKED = "PIN_LOCKED"
    USER_CANCELLED = "USER_CANCELLED"
    TIMEOUT = "TIMEOUT"
    BUSY = "BUSY"
    BAD_CHALLENGE = "BAD_CHALLENGE"
    BAD_MESSAGE = "BAD_MESSAGE"
    UNKNOWN_MESSAGE = "UNKNOWN_MESSAGE"
    ORIGIN_REFUSED = "ORIGIN_REFUSED"


class BridgeError(Exception):
    """A refusal: `code` goes to the page, `detail` only to the log of this workstation."""

    def __init__(
        self, code: Code, *, detail: str = "", final_try: bool = False, low_tries: bool = False
    ) -> None:
        super().__init__(f"{code}: {detail}" if detail else str(code))
        self.code = code
        self.detail = detail
        self.final_try = final_try
        self.low_tries = low_tries


class PinNeededAgainError(Exception):
    """The card lost its session through no fault of the PIN: ask the person anew, replay nothing.

    `notice` is shown to the person in the next prompt.
    """

    def __init__(self, notice: str) -> None:
        super().__init__(notice)
        self.notice = notice


class SetupError(Exception):
    """The bridge cannot start as asked; the message says what is wrong and how to mend it."""
