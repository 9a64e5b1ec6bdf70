"""A portal's DPoP proof (RFC 9449 §4.3), checked in the order of the specification."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.core.dpop import (
    ProofRefusedError,
    check_type,
    embedded_key,
    is_same_target,
    jti_of,
    open_proof,
)
from idp.oidc.rules.client_assertion import is_number

DPOP_ALGS = ("ES256", "PS256", "EdDSA")
# Without a nonce of ours the proof's own time is all there is: a minute, either way.
WINDOW = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DpopProof:
    """A proof for this very request. Its nonce and its single use are the caller's to judge."""

    jkt: str
    jti: str
    nonce: str


def verify_proof(
    proof: str, *, method: str, url: str, now: float, access_token: str = ""
) -> DpopProof:
    """ProofRefusedError says which check failed. With a token, `ath` must name it."""
    key = embedded_key(proof, algorithms=DPOP_ALGS)
    opened = open_proof(proof, key=key, algorithms=DPOP_ALGS, is_tolerant=True)
    check_type(opened.header)
    claims = opened.claims
    if claims.get("htm") != method:
        raise ProofRefusedError("htm")
    if not is_same_target(claims.get("htu"), url):
        raise ProofRefusedError("htu")
    nonce = claims.get("nonce", "")
    if not isinstance(nonce, str):
        raise ProofRefusedError("nonce")
    _check_times(claims, now, has_nonce=bool(nonce))
    if access_token and not _names(claims.get("ath"), access_token):
        raise ProofRefusedError("ath")
    return DpopProof(jkt=key.thumbprint(), jti=jti_of(claims), nonce=nonce)


def _check_times(claims: Mapping[str, Any], now: float, *, has_nonce: bool) -> None:
    iat = claims.get("iat")
    if not is_number(iat):
        raise ProofRefusedError("iat")
    # §11.1: a nonce of ours tells the time better than the portal's clock.
    if not has_nonce and abs(now - float(str(iat))) > WINDOW:
        raise ProofRefusedError("iat")
    exp, nbf = claims.get("exp", now), claims.get("nbf", now)
    if not is_number(exp) or not is_number(nbf) or exp < now - WINDOW or nbf > now + WINDOW:
        raise ProofRefusedError("exp or nbf")


def _names(ath: object, access_token: str) -> bool:
    digest = hashlib.sha256(access_token.encode()).digest()
    expected = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    return isinstance(ath, str) and ath.isascii() and hmac.compare_digest(ath, expected)
