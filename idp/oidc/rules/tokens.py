"""The claims of access, id and refresh tokens, with Pro Santé Connect's keys."""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from idp.directory.rules.professional import Professional
from idp.oidc.rules.claims import civil_name, identity, other_ids, psi_identifier

# In every token of 2026 that could be seen, whatever its acr.
AUTH_LEVEL = "1"
# Begins the `jti` of a portal's own token, where others name their grant.
CLIENT_TOKEN = "client:"  # noqa: S105 - a prefix
BEARER, DPOP = "Bearer", "DPoP"
# The sandbox's "Identité de test": a login without card or phone.
TEST_AMR = "test"
_IN_ID_TOKEN = frozenset({"preferred_username", "given_name", "family_name", "SubjectNameID"})


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenFacts:
    """What the three tokens of one answer have in common. Instants are seconds since 1970."""

    issuer: str
    client_id: str
    subject: str
    grant_id: UUID
    session_id: UUID
    scope: str
    # None: the key is absent. `""`: the key is there and empty.
    nonce: str | None
    acr: str
    amr: tuple[str, ...]
    auth_mode: str
    auth_time: int
    issued_at: int
    # RFC 7800: the key or certificate that the access token is bound to.
    cnf: Mapping[str, str] = field(default_factory=dict)


def token_id(grant_id: UUID, unique: str) -> str:
    """`jti`: names the grant, so that one look-up tells whether the token is still good."""
    return f"{grant_id}:{unique}"


def grant_of(claims: Mapping[str, Any]) -> UUID | None:
    """The grant that a token of ours names."""
    try:
        return UUID(str(claims.get("jti", "")).partition(":")[0])
    except ValueError:
        return None


def _common(facts: TokenFacts, *, kind: str, jti: str, expires_at: int) -> dict[str, Any]:
    claims: dict[str, Any] = {
        "exp": expires_at,
        "iat": facts.issued_at,
        "auth_time": facts.auth_time,
        "jti": jti,
        "iss": facts.issuer,
        "sub": facts.subject,
        "typ": kind,
        "azp": facts.client_id,
        "session_state": str(facts.session_id),
        "sid": str(facts.session_id),
    }
    if facts.nonce is not None:
        claims["nonce"] = facts.nonce
    return claims


def access_claims(
    facts: TokenFacts,
    professional: Professional,
    *,
    jti: str,
    expires_at: int,
) -> dict[str, Any]:
    """The newest shape known: bare-UUID `sub`, no `aud`."""
    # No key of PSC's: it is there only where nobody proved anything, in a sandbox, so that an API
    # provider that sees this token alone can tell.
    test_mark = {"amr": list(facts.amr)} if TEST_AMR in facts.amr else {}
    return {
        **_common(facts, kind="Bearer", jti=jti, expires_at=expires_at),
        **test_mark,
        **bound_to(facts.cnf),
        "acr": facts.acr,
        "scope": facts.scope,
        "authMode": facts.auth_mode,
        "auth_level": AUTH_LEVEL,
        "otherIds": other_ids(professional),
        "SubjectNameID": professional.national_id,
        "PSISubjectNameID": psi_identifier(professional),
        "preferred_username": professional.national_id,
    }


def bound_to(cnf: Mapping[str, str]) -> dict[str, Any]:
    """RFC 7800 §3.1, RFC 9449 §6.1, RFC 8705 §3.1: absent from Bearer tokens."""
    return {"cnf": dict(cnf)} if cnf else {}


def token_type(cnf: Mapping[str, str]) -> str:
    """RFC 9449 §5. A token bound to a certificate is presented as Bearer (RFC 8705 §3)."""
    return DPOP if "jkt" in cnf else BEARER


def client_access_claims(
    *,
    issuer: str,
    client_id: str,
    jti: str,
    scope: str,
    issued_at: int,
    expires_at: int,
    cnf: Mapping[str, str],
) -> dict[str, Any]:
    """A portal's own token (RFC 6749 §4.4): `sub` is the portal, no key is a person's."""
    return {
        "exp": expires_at,
        "iat": issued_at,
        "jti": jti,
        "iss": issuer,
        "sub": client_id,
        "typ": "Bearer",
        "azp": client_id,
        "scope": scope,
        **bound_to(cnf),
    }


def id_claims(
    facts: TokenFacts,
    professional: Professional,
    *,
    jti: str,
    expires_at: int,
    access_token: str,
    alg: str,
    open_claims: Collection[str],
) -> dict[str, Any]:
    """`aud` is a string, as an ANS component reads it as one."""
    person = {
        name: value
        for name, value in {**identity(professional), "name": civil_name(professional)}.items()
        if name in open_claims
    }
    return {
        **_common(facts, kind="ID", jti=jti, expires_at=expires_at),
        "aud": facts.client_id,
        "at_hash": at_hash(access_token, alg=alg),
        "acr": facts.acr,
        "amr": list(facts.amr),
        **person,
    }


def id_token_claims_opened(*, by_scope: Collection[str], requested: Collection[str]) -> set[str]:
    """Scopes open the person's name and number; `claims` may ask one by one (OIDC Core §5.5)."""
    return (set(by_scope) & _IN_ID_TOKEN) | set(requested)


def refresh_claims(facts: TokenFacts, *, jti: str, expires_at: int) -> dict[str, Any]:
    """Deployed clients decode it: a string `aud`, a `scope`."""
    return {
        **_common(facts, kind="Refresh", jti=jti, expires_at=expires_at),
        "aud": facts.issuer,
        "scope": facts.scope,
    }


def at_hash(access_token: str, *, alg: str) -> str:
    """OIDC Core §3.1.3.6: left half of the hash of `alg`; Ed25519 hashes with SHA-512."""
    hashed = hashlib.sha512 if alg == "EdDSA" else hashlib.sha256
    digest = hashed(access_token.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def token_response(
    *,
    access_token: str,
    expires_in: int,
    refresh_token: str | None,
    refresh_expires_in: int,
    id_token: str | None,
    session_id: UUID,
    scope: str,
    token_type: str = BEARER,
) -> dict[str, Any]:
    """Pro Santé Connect: the exact keys; clients read `refresh_expires_in` and `session_state`."""
    return {
        "access_token": access_token,
        "expires_in": expires_in,
        "refresh_expires_in": refresh_expires_in,
        **({"refresh_token": refresh_token} if refresh_token is not None else {}),
        "token_type": token_type,
        **({"id_token": id_token} if id_token is not None else {}),
        "not-before-policy": 0,
        "session_state": str(session_id),
        "scope": scope,
    }
