"""Proofs of possession of the instance key: RFC 9449 with a hash of the body, by joserfc."""

import hashlib
import hmac
from dataclasses import dataclass

from joserfc import jwk, jws
from joserfc.errors import JoseError

from idp.core import strict_json
from idp.enrollment.gateways.device_keys import InstanceKey
from idp.enrollment.rules.encoding import b64u

LONGEST_PROOF = 4096
LONGEST_JTI = 128
EMPTY: bytes = b""


class ProofRefusedError(Exception):
    """The proof is malformed, for another request, or of another key."""


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
    header, claims = _open(proof, key)
    if header.get("typ") != "dpop+jwt":
        raise ProofRefusedError("typ")
    embedded = header.get("jwk")
    try:
        claimed = InstanceKey.from_jwk(embedded) if isinstance(embedded, dict) else None
    except ValueError as error:
        raise ProofRefusedError("jwk") from error
    if claimed is None or not hmac.compare_digest(claimed.thumbprint, key.thumbprint):
        raise ProofRefusedError("jwk")
    expected = {
        "htm": target.method,
        "htu": target.url,
        "bh": b64u(hashlib.sha256(target.body).digest()),
    }
    for name, value in expected.items():
        if claims.get(name) != value:
            raise ProofRefusedError(name)
    jti, nonce, iat = claims.get("jti"), claims.get("nonce", ""), claims.get("iat")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise ProofRefusedError("jti")
    # §11.1: freshness comes from our nonce; a phone whose clock is wrong is not turned away.
    if not isinstance(iat, int) or not isinstance(nonce, str):
        raise ProofRefusedError("iat or nonce")
    return VerifiedProof(jti=jti, nonce=nonce)


def _open(proof: str, key: InstanceKey) -> tuple[dict[str, object], dict[str, object]]:
    if len(proof) > LONGEST_PROOF:
        raise ProofRefusedError("too long")
    try:
        opened = jws.deserialize_compact(proof, jwk.ECKey.import_key(key.key), ["ES256"])
        claims = strict_json.read(opened.payload)
    # RecursionError: a header nested as deep as the longest proof allows.
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProofRefusedError(type(error).__name__) from error
    if not isinstance(claims, dict):
        raise ProofRefusedError("claims")
    return opened.headers(), claims
