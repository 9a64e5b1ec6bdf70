"""Signed authentication requests (CIBA Core 1.0 §7.1.1, FAPI-CIBA §5.2.2): all, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from idp.oidc.rules.ciba_request import BackchannelAsk
from idp.oidc.rules.client_assertion import AHEAD, LONGEST_JTI, is_number
from idp.oidc.rules.client_jwks import UnverifiedJwtError, verified_jwt
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import Parameters
from idp.oidc.rules.profiles import Profile

PARAMETERS = tuple(entry.name for entry in fields(BackchannelAsk))
# FAPI-CIBA §5.2.2: at most an hour from nbf to exp, and nbf not older than that.
WINDOW = timedelta(hours=1).total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedAsk:
    """What a request object holds, and how long its `jti` must be remembered."""

    asked: BackchannelAsk
    jti: str
    until: datetime


def _refused(detail: str) -> BackchannelError:
    return BackchannelError("invalid_request", f"The request object is refused: {detail}.")


def opened_ask(
    form: Parameters,
    *,
    client_id: str,
    jwks: Mapping[str, Any],
    profile: Profile,
    issuer: str,
    now: datetime,
) -> SignedAsk:
    """The request inside; BackchannelError when it cannot be believed."""
    if any(form.get(name) for name in PARAMETERS):
        # §7.1.1: parameters of the request MUST NOT be present outside of the JWT.
        raise _refused("parameters outside of it")
    if not jwks:
        raise BackchannelError("invalid_request", "A request object needs registered keys.")
    try:
        jwt = verified_jwt(form.get("request"), jwks=jwks, algorithms=profile.client_algs)
    except UnverifiedJwtError as error:
        raise _refused("signature") from error
    claims = jwt.claims
    _check_parties(claims, client_id=client_id, issuer=issuer)
    _check_times(claims, now.timestamp())
    values = {name: _text(name, claims[name]) for name in PARAMETERS if name in claims}
    return SignedAsk(
        asked=BackchannelAsk(**values),
        jti=claims["jti"],
        until=now + timedelta(seconds=2 * WINDOW),
    )


def _check_parties(claims: Mapping[str, Any], *, client_id: str, issuer: str) -> None:
    """§7.1.1: iss is the client, aud the provider; every object has its own jti."""
    if claims.get("iss") != client_id:
        raise _refused("iss")
    audience = claims.get("aud")
    if issuer not in (audience if isinstance(audience, list) else [audience]):
        raise _refused("aud")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise _refused("jti")
    # A client assertion has a sub: one is never taken for the other.
    if "sub" in claims:
        raise _refused("sub")


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    """§7.1.1: exp, iat and nbf are all required."""
    for name in ("exp", "iat", "nbf"):
        if not is_number(claims.get(name)):
            raise _refused(name)
    if not now - WINDOW <= claims["nbf"] <= now + AHEAD:
        raise _refused("nbf")
    if not now < claims["exp"] <= claims["nbf"] + WINDOW:
        raise _refused("exp")
    if claims["iat"] > now + AHEAD:
        raise _refused("iat")


def _text(name: str, value: object) -> str:
    """§7.1.1: requested_expiry may be a JSON string or a number."""
    if isinstance(value, str) and "\0" not in value:
        return value
    if name == "requested_expiry" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise _refused(f"{name} is of the wrong type")
