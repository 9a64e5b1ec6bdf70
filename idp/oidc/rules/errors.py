"""How a request of a portal is refused: on a page, at the portal, or as OAuth JSON."""

from enum import StrEnum

from idp.core.errors import IdpError


class ShownReason(StrEnum):
    """Why the browser may not be sent anywhere; the flow says it in the person's language."""

    MALFORMED = "malformed"
    UNKNOWN_CLIENT = "unknown_client"
    UNKNOWN_REDIRECT_URI = "unknown_redirect_uri"
    REQUEST_OVER = "request_over"


class ShownError(IdpError):
    """The portal or its address cannot be trusted: a page, never a redirect (RFC 6749 §4.1.2.1)."""

    def __init__(self, reason: ShownReason, detail: str) -> None:
        super().__init__("invalid_request", "", detail=detail)
        self.reason = reason


class RedirectedError(IdpError):
    """Goes to the portal; `description` is for its developer, in ASCII (RFC 6749 §4.1.2.1)."""


class BackchannelError(IdpError):
    """Answered as OAuth JSON (RFC 6749 §5.2) to the portal's server."""
