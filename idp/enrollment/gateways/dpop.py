"""Proofs of possession of the instance key: RFC 9449 with a hash of the body, by joserfc."""

import hashlib
import hmac
from dataclasses import dataclass

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from idp.core.dpop import ProofRefusedError, check_type, jti_of, open_proof
from idp.enrollment.gateways.device_keys import InstanceKey, point_of
from idp.enrollment.rules.encoding import b64u

EMPTY: bytes = b""

__all__ = ["ProofRefusedError", "ProofTarget", "VerifiedProof", "verify_proof"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofTarget:
    """The request that a proof must be about."""

    method: str
    url: str
    body: bytes = EMPTY


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedProof:
    """A proof whose signature and target were checked; freshness is the caller's to judge."""

    jti: str
    nonce: str


def verify_proof(proof: str, *, target: ProofTarget, key: InstanceKey) -> VerifiedProof:
    """RFC 9449 §4.3, with the algorithm and the key pinned to the registered ones."""
    opened = open_proof(proof, key=_public_key(key), algorithms=["ES256"])
    header, claims = opened.header, opened.claims
    check_type(header)
    embedded = header.get("jwk")
    try:
        claimed = point_of(embedded) if isinstance(embedded, dict) else b""
    except ValueError as error:
        raise ProofRefusedError("jwk") from error
    if not hmac.compare_digest(claimed, key.point):
        raise ProofRefusedError("jwk")
    expected = {
        "htm": target.method,
        "htu": target.url,
        "bh": b64u(hashlib.sha256(target.body).digest()),
    }
    for name, value in expected.items():
        if claims.get(name) != value:
            raise ProofRefusedError(name)
    jti, nonce, iat = jti_of(claims), claims.get("nonce", ""), claims.get("iat")
    # §11.1: freshness comes from our nonce; a phone whose clock is wrong is not turned away.
    if not isinstance(iat, int) or not isinstance(nonce, str):
        raise ProofRefusedError("iat or nonce")
    return VerifiedProof(jti=jti, nonce=nonce)


def _public_key(key: InstanceKey) -> ECKey:
    try:
        return ECKey.import_key(key.key)
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ProofRefusedError(type(error).__name__) from error
