"""private_key_jwt: what an assertion must say (RFC 7523 §3, OIDC Core §9, FAPI 2.0 §5.3.2.1)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from idp.oidc.rules.client_credentials import invalid_client

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# FAPI 2.0 §5.3.2.1: 10 s of a clock that runs ahead are accepted, more than 60 s must not be.
AHEAD = 10
LONGEST_LIFE = timedelta(hours=1)
LONGEST_JTI = 256


def is_number(value: object) -> bool:
    """A NumericDate (RFC 7519 §2). JSON's true is no number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def check_assertion(
    claims: Mapping[str, Any],
    *,
    client_id: str,
    issuer: str,
    other_audiences: tuple[str, ...],
    now: datetime,
) -> datetime:
    """Until when it could be used again; else BackchannelError invalid_client.

    `other_audiences` empty: the issuer alone, as a string.
    """
    # RFC 7523 §3: iss and sub are the client_id.
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise invalid_client("assertion: iss or sub")
    if not is_audience(claims.get("aud"), issuer=issuer, others=other_audiences):
        raise invalid_client("assertion: aud")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise invalid_client("assertion: jti")
    _check_times(claims, now.timestamp())
    return now + LONGEST_LIFE + timedelta(seconds=AHEAD)


def is_audience(audience: object, *, issuer: str, others: tuple[str, ...]) -> bool:
    """FAPI 2.0 §5.3.2.1: a string and the issuer. Elsewhere the endpoint too, and arrays."""
    if audience == issuer:
        return True
    if not others:
        return False
    named = audience if isinstance(audience, list) else [audience]
    return any(name in (issuer, *others) for name in named)


def _check_times(claims: Mapping[str, Any], now: float) -> None:
    exp = claims.get("exp")
    # RFC 7523 §3: exp is required, and may be refused when unreasonably far in the future.
    if not is_number(exp) or not now < exp <= now + LONGEST_LIFE.total_seconds() + AHEAD:  # type: ignore[operator]
        raise invalid_client("assertion: exp")
    for name in ("nbf", "iat"):
        value = claims.get(name, now)
        if not is_number(value) or value > now + AHEAD:
            raise invalid_client(f"assertion: {name}")
