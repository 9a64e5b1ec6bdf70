"""A portal's public keys (RFC 7517): what may be registered, and what they are believed to sign."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import Key, RSAKey, import_key
from joserfc.util import urlsafe_b64decode

from idp.core import strict_json
from idp.core.dpop import PRIVATE_MEMBERS
from idp.core.errors import IdpError
from idp.core.signed_tokens import TokenRegistry

# Where a signature is verified, by the key's kind: the alg of a header never chooses alone.
ALGS_OF_KEY = {
    ("RSA", ""): ("PS256", "RS256"),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
MOST_KEYS = 10
SHORTEST_RSA = 2048
LONGEST_JWT = 16_384


class UnverifiedJwtError(Exception):
    """No JWT that one of these keys has signed; the text says why, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedJwt:
    """Header and claims, after the signature was verified."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


def _refused(detail: str) -> IdpError:
    return IdpError("invalid_client_metadata", f"jwks: {detail}", detail=detail)


def check_jwks(document: object) -> None:
    """RFC 7591 §2 `jwks`: a set of public signing keys, told apart by their `kid`."""
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS:
        raise _refused(f"a JSON object with 1 to {MOST_KEYS} keys is needed")
    for jwk in keys:
        _check_key(jwk)
    kids = [jwk.get("kid") for jwk in keys]
    if len(keys) > 1 and (None in kids or len(set(kids)) < len(kids)):
        raise _refused("each of several keys needs a kid of its own")


def _check_key(jwk: object) -> None:
    if not isinstance(jwk, dict):
        raise _refused("a key is no JSON object")
    if PRIVATE_MEMBERS & jwk.keys():
        raise _refused("a private or symmetric key: register the public part alone")
    if _algs_of(jwk) == ():
        raise _refused("keys are RSA, EC P-256 or OKP Ed25519")
    if jwk.get("use", "sig") != "sig":
        # RFC 7517 §4.2: kept for encryption; it signs nothing.
        return
    try:
        key = import_key(jwk)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _refused("a key cannot be read") from error
    if isinstance(key, RSAKey) and key.public_key.key_size < SHORTEST_RSA:
        raise _refused(f"an RSA key has less than {SHORTEST_RSA} bits")


def _algs_of(jwk: Mapping[str, Any]) -> tuple[str, ...]:
    kind = (str(jwk.get("kty", "")), str(jwk.get("crv", "")))
    return ALGS_OF_KEY.get(kind, ())


def unverified_jwt(token: str) -> SignedJwt:
    """What a JWT claims before any check: only to learn whose keys to try."""
    if len(token) > LONGEST_JWT or not token.isascii():
        raise UnverifiedJwtError("too long or not ASCII")
    try:
        opened = jws.extract_compact(token.encode())
        claims = strict_json.read(opened.payload)
        # The alg and kid of a header end up in the audit log: they are read as strictly.
        strict_json.read(urlsafe_b64decode(token.partition(".")[0].encode()))
    # RecursionError: nested brackets.
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise UnverifiedJwtError(type(error).__name__) from error
    if not isinstance(claims, dict):
        raise UnverifiedJwtError("claims")
    return SignedJwt(header=opened.headers(), claims=claims)


def verified_jwt(token: str, *, jwks: Mapping[str, Any], algorithms: Sequence[str]) -> SignedJwt:
    """The JWT, signed by one of these keys with one of these algorithms."""
    opened = unverified_jwt(token)
    alg, kid = opened.header.get("alg"), opened.header.get("kid")
    if alg not in algorithms:
        raise UnverifiedJwtError(f"alg {alg}")
    for jwk in jwks.get("keys", ()):
        if _is_for(jwk, alg, kid) and is_signed_by(token, import_key(jwk), str(alg)):
            return opened
    raise UnverifiedJwtError("no registered key has signed it")


def _is_for(jwk: Mapping[str, Any], alg: object, kid: object) -> bool:
    """RFC 7517 §4.2, §4.4, §4.5: a key that names a use, an algorithm, itself, serves no other."""
    return (
        jwk.get("use", "sig") == "sig"
        and alg in _algs_of(jwk)
        and jwk.get("alg", alg) == alg
        and (kid is None or jwk.get("kid") in (None, kid))
    )


def is_signed_by(token: str, key: Key, alg: str) -> bool:
    """Whether this very key has signed, with this very algorithm."""
    # RFC 7515 §4: header members that are not understood are ignored, save through `crit`.
    registry = TokenRegistry(algorithms=[alg], strict_check_header=False)
    try:
        jws.deserialize_compact(token, key, registry=registry)
    except (JoseError, ValueError, TypeError, KeyError):
        return False
    return True
