"""Proofs of possession (RFC 9449 §4): what holds for phones and for portals alike.

Pure: no clock, no store. Callers judge the target, the freshness and the single use of a proof.
"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import Key, import_key

from idp.core import strict_json
from idp.core.signed_tokens import TokenRegistry

# RFC 9864 gives EdDSA the new name Ed25519; FAPI and portals still say EdDSA.
warnings.filterwarnings("ignore", message="EdDSA is deprecated", category=SecurityWarning)

LONGEST_PROOF = 4096
LONGEST_JTI = 128
# Members that only a private or symmetric key has (RFC 7518 §6).
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_DEFAULT_PORTS = {"https": 443, "http": 80}


class ProofRefusedError(Exception):
    """The proof is malformed, for another request, or of another key; the text says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedProof:
    """A proof whose signature was checked with `key`; nothing else of it is."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]


class _Tolerant(TokenRegistry):
    """RFC 7515 §4: extra members are ignored (`crit` is obeyed); an RSA key in a header is long."""

    max_header_length = LONGEST_PROOF


def open_proof(
    proof: str, *, key: Key, algorithms: Sequence[str], is_tolerant: bool = False
) -> OpenedProof:
    """Checks the signature with a key that the caller trusts.

    `is_tolerant`: a long header, and one with extra members, is read too.
    """
    _check_length(proof)
    registry = _registry(algorithms) if is_tolerant else TokenRegistry(algorithms=list(algorithms))
    try:
        opened = jws.deserialize_compact(proof, key, registry=registry)
        claims = strict_json.read(opened.payload)
    # RecursionError: nested brackets.
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProofRefusedError(type(error).__name__) from error
    if not isinstance(claims, dict):
        raise ProofRefusedError("claims")
    return OpenedProof(header=opened.headers(), claims=claims)


def _registry(algorithms: Sequence[str]) -> jws.JWSRegistry:
    return _Tolerant(algorithms=list(algorithms), strict_check_header=False)


def embedded_key(proof: str, *, algorithms: Sequence[str]) -> Key:
    """The public key that the proof says it is signed by (RFC 9449 §4.2: `jwk`)."""
    _check_length(proof)
    try:
        header = jws.extract_compact(
            proof.encode("ascii"), registry=_registry(algorithms)
        ).headers()
        jwk = header.get("jwk")
        # §4.3: the alg is asymmetric and supported; the jwk contains no private key.
        if header.get("alg") not in algorithms or not isinstance(jwk, dict):
            raise ProofRefusedError("alg or jwk")
        if PRIVATE_MEMBERS & jwk.keys():
            raise ProofRefusedError("private key")
        return import_key(jwk)
    except (JoseError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProofRefusedError(type(error).__name__) from error


def check_type(header: Mapping[str, Any]) -> None:
    """RFC 9449 §4.3: the typ is dpop+jwt."""
    if header.get("typ") != "dpop+jwt":
        raise ProofRefusedError("typ")


def jti_of(claims: Mapping[str, Any]) -> str:
    """RFC 9449 §4.2: a unique identifier, bounded here."""
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_JTI:
        raise ProofRefusedError("jti")
    return jti


def is_same_target(htu: object, url: str) -> bool:
    """RFC 9449 §4.3: without query and fragment, normalised as RFC 3986 §6.2.2 and §6.2.3 say."""
    if not isinstance(htu, str) or not htu.isascii():
        return False
    try:
        return _normalised(htu) == _normalised(url)
    except ValueError:
        return False


def _normalised(url: str) -> tuple[str, str, int | None, str]:
    parts = urlsplit(url)
    if "@" in parts.netloc or not parts.hostname:
        raise ValueError(url)
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme.lower())
    return parts.scheme.lower(), parts.hostname.lower(), port, parts.path or "/"


def _check_length(proof: str) -> None:
    if len(proof) > LONGEST_PROOF or not proof.isascii():
        raise ProofRefusedError("too long or not ASCII")
