"""The introspection answer, as PSC gives it."""

from typing import Any

from idp.oidc.rules.tokens import DPOP


def introspection(claims: dict[str, Any] | None) -> dict[str, Any]:
    """The token's own claims and who it belongs to; of a dead token nothing but that (RFC 7662)."""
    if claims is None:
        return {"active": False}
    answer = {**claims, "client_id": claims["azp"], "active": True}
    if "preferred_username" in claims:
        # Only in access tokens: a refresh token tells no portal who the person is.
        answer["username"] = claims["preferred_username"]
    if "jkt" in claims.get("cnf", {}):
        # RFC 9449 §6.2.
        answer["token_type"] = DPOP
    return answer
