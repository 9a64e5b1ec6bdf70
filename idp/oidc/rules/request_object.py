"""Request objects (RFC 9101, OIDC Core §6.1): signed, by value; what they say replaces the rest."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from idp.oidc.rules.authorize_request import PARAMETERS, AuthorizeRequest
from idp.oidc.rules.client_assertion import AHEAD, is_number
from idp.oidc.rules.client_jwks import (
    SignedJwt,
    UnverifiedJwtError,
    unverified_jwt,
    verified_jwt,
)
from idp.oidc.rules.errors import RedirectedError
from idp.oidc.rules.profiles import Profile

# RFC 9101 §10.8 recommends explicit typing; OIDC Core's objects have `JWT` or no type.
TYPES = (None, "JWT", "jwt", "oauth-authz-req+jwt", "application/oauth-authz-req+jwt")
# FAPI 2.0 Message Signing §5.3.1: at most an hour from nbf to exp, and nbf not older than that.
WINDOW = 3600


def _refused(detail: str) -> RedirectedError:
    return RedirectedError("invalid_request_object", f"The request object is refused: {detail}.")


def opened_request(
    asked: AuthorizeRequest,
    *,
    jwks: Mapping[str, Any],
    profile: Profile,
    issuer: str,
    now: datetime,
) -> AuthorizeRequest:
    """The request that the object holds; RedirectedError when it cannot be believed."""
    jwt = _verified(asked.request, jwks, profile)
    if jwt.header.get("typ") not in TYPES:
        raise _refused("typ")
    _check_claims(jwt.claims, asked.client_id, issuer)
    _check_times(jwt.claims, now.timestamp(), are_required=profile.requires_request_object_times)
    return _request_in(jwt.claims)


def _verified(token: str, jwks: Mapping[str, Any], profile: Profile) -> SignedJwt:
    if not jwks or _is_unsigned(token):
        # OIDC Core §3.1.2.6: said, never silently ignored.
        raise RedirectedError("request_not_supported", "Only signed request objects are supported.")
    try:
        return verified_jwt(token, jwks=jwks, algorithms=profile.client_algs)
    except UnverifiedJwtError as error:
        raise _refused("signature") from error


def _is_unsigned(token: str) -> bool:
    try:
        return unverified_jwt(token).header.get("alg") in (None, "none")
    except UnverifiedJwtError as error:
        raise _refused("form") from error


def _check_claims(claims: Mapping[str, Any], client_id: str, issuer: str) -> None:
    # RFC 9101 §5.2: iss, where it is there, and client_id are the client's.
    if claims.get("iss", client_id) != client_id or claims.get("client_id") != client_id:
        raise _refused("iss or client_id")
    # A client assertion has a sub (RFC 9101 §10.8): one is never taken for the other.
    if "sub" in claims:
        raise _refused("sub")
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise _refused("aud")
    # RFC 9101 §4: request and request_uri MUST NOT be in a request object.
    if "request" in claims or "request_uri" in claims:
        raise _refused("request or request_uri inside")


def _check_times(claims: Mapping[str, Any], now: float, *, are_required: bool) -> None:
    for name in ("exp", "nbf"):
        if name not in claims and are_required:
            raise _refused(f"{name} is missing")
        if not is_number(claims.get(name, now)):
            raise _refused(name)
    exp, nbf = claims.get("exp"), claims.get("nbf")
    if exp is not None and (exp <= now or exp > (nbf if nbf is not None else now) + WINDOW):
        raise _refused("exp")
    if nbf is not None and not now - WINDOW <= nbf <= now + AHEAD:
        raise _refused("nbf")


def _request_in(claims: Mapping[str, Any]) -> AuthorizeRequest:
    """RFC 9101 §6.3: only the parameters in the object, even where the query has others."""
    values = {name: _text(name, claims[name]) for name in PARAMETERS if name in claims}
    return AuthorizeRequest.from_json(values)


def _text(name: str, value: object) -> str:
    """In an object `max_age` is a number and `claims` an object (OIDC Core §6.1)."""
    if isinstance(value, str) and "\0" not in value:
        return value
    if name == "max_age" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if name == "claims" and isinstance(value, dict):
        return json.dumps(value)
    raise _refused(f"{name} is of the wrong type")
