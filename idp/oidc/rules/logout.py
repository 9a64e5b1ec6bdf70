"""The logout token's claims, and the addresses of a front-channel logout."""

from typing import Any
from uuid import UUID

from idp.oidc.rules.authorize_response import with_parameters

EVENT = "http://schemas.openid.net/event/backchannel-logout"


def logout_claims(
    *,
    issuer: str,
    client_id: str,
    subject: str,
    session_id: UUID,
    jti: str,
    issued_at: int,
    expires_at: int,
) -> dict[str, Any]:
    """Back-Channel Logout §2.4: `sub` and `sid` both, never a nonce.

    The `typ` claim keeps it from being taken for an id_token where only claims are looked at.
    """
    return {
        "iss": issuer,
        "sub": subject,
        "aud": client_id,
        "iat": issued_at,
        "exp": expires_at,
        "jti": jti,
        "typ": "Logout",
        "sid": str(session_id),
        "events": {EVENT: {}},
    }


def frame_address(uri: str, *, issuer: str, session_id: UUID, is_told: bool) -> str:
    """Front-Channel Logout §2: `iss` and `sid` together, where the portal asked for them."""
    told = (("iss", issuer), ("sid", str(session_id))) if is_told else ()
    return with_parameters(uri, told)
