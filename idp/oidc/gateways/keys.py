"""Signing keys: out of the vault once a process, kept as joserfc objects, JWKS ready to send.

The only file where a private key is in clear. `sign` and `read` are what flows use.
"""

import hashlib
import json
import secrets
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, Key, KeySet, OctKey, OKPKey, RSAKey, import_key

from idp.core import clock, vault
from idp.core.errors import IdpError
from idp.core.signed_tokens import TokenRegistry
from idp.oidc.models import KeyState, SigningKey

log = structlog.get_logger()

# Made when the first portal asks for one; the others are there from the start.
ON_DEMAND_ALGS: Final = ("PS256", "EdDSA")
SIGNING_ALGS: Final = ("RS256", "ES256", *ON_DEMAND_ALGS)
# Refresh tokens are read by nobody but us: a symmetric key, never published.
REFRESH_ALG: Final = "HS256"
EVERY_ALG: Final = (*SIGNING_ALGS, REFRESH_ALG)
PUBLISHED: Final = (KeyState.CURRENT, KeyState.NEXT, KeyState.PREVIOUS)
PURPOSE: Final = "oidc.signing"
LONGEST_TOKEN: Final = 16_384
# RFC 9864 renames it Ed25519; what portals register and read is still this name (OIDC Core).
warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
# Seconds until a rotation made by another process is seen here. The key that begins to sign was
# published long before as `next`, so nobody is late.
RELOAD_EVERY = 60.0
# Seconds between two tries while the database is away.
RETRY_AFTER = 5.0


class InvalidTokenError(IdpError):
    """No token of ours: form, signature, issuer or time. `detail` says which."""

    def __init__(self, detail: str) -> None:
        super().__init__("invalid_token", "The token is not valid.", detail=detail, status=401)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A document with its strong validator."""

    body: bytes
    etag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRing:
    """Every key in use. Private keys by algorithm, public ones together."""

    signing: Mapping[str, tuple[str, Key]]
    verifying: KeySet
    refreshing: tuple[OctKey, ...]
    jwks: Published
    loaded_at: float


def published(document: dict[str, Any]) -> Published:
    """The bytes to send, and the ETag that changes with them."""
    body = json.dumps(document, separators=(",", ":")).encode()
    return Published(body=body, etag=f'"{hashlib.sha256(body).hexdigest()[:32]}"')


def _generate(alg: str) -> Key:
    parameters = {"use": "sig", "alg": alg}
    if alg in ("RS256", "PS256"):
        return RSAKey.generate_key(2048, parameters, private=True)  # type: ignore[arg-type]
    if alg == "ES256":
        return ECKey.generate_key("P-256", parameters, private=True)  # type: ignore[arg-type]
    if alg == "EdDSA":
        return OKPKey.generate_key("Ed25519", parameters, private=True)  # type: ignore[arg-type]
    return OctKey.generate_key(256, parameters)  # type: ignore[arg-type]


def create_key(*, alg: str, state: KeyState) -> SigningKey:
    """A new key in the vault. IntegrityError where another process was first."""
    key = _generate(alg)
    # RFC 7638 for what is published; the thumbprint of a secret would be a hash of it.
    kid = secrets.token_urlsafe(16) if alg == REFRESH_ALG else key.thumbprint()
    private = {**key.as_dict(private=True), "kid": kid}
    public = None if alg == REFRESH_ALG else {**key.as_dict(private=False), "kid": kid}
    return SigningKey.objects.create(
        kid=kid,
        alg=alg,
        state=state,
        public_jwk=public,
        sealed_private_jwk=vault.seal(json.dumps(private).encode(), purpose=PURPOSE),
        created_at=clock.now(),
    )


def _open(row: SigningKey) -> Key:
    return import_key(json.loads(vault.unseal(row.sealed_private_jwk, purpose=PURPOSE)))


def _ensure(rows: list[SigningKey]) -> list[SigningKey]:
    """Creates what is missing; the unique constraint decides between processes."""
    present = {(row.alg, row.state) for row in rows}
    not_asked = set(ON_DEMAND_ALGS) - {alg for alg, _state in present}
    missing = [
        (alg, state)
        for alg in EVERY_ALG
        for state in (KeyState.CURRENT, KeyState.NEXT)
        if (alg, state) not in present
        and (alg, state) != (REFRESH_ALG, KeyState.NEXT)
        and alg not in not_asked
    ]
    for alg, state in missing:
        try:
            with transaction.atomic():
                create_key(alg=alg, state=state)
        except IntegrityError:
            continue
    return _rows() if missing else rows


def _rows() -> list[SigningKey]:
    order = {str(state): rank for rank, state in enumerate(PUBLISHED)}
    rows = SigningKey.objects.filter(state__in=PUBLISHED)
    return sorted(
        rows, key=lambda row: (EVERY_ALG.index(row.alg), order[row.state], row.created_at)
    )


def _load(known: "KeyRing | None") -> KeyRing:
    rows = _ensure(_rows())
    # Importing a private RSA key costs 45 ms: those that are known already are kept.
    held = dict(known.signing.values()) if known else {}
    signing = {
        row.alg: (row.kid, held.get(row.kid) or _open(row))
        for row in rows
        if row.state == KeyState.CURRENT and row.alg in SIGNING_ALGS
    }
    public = [row.public_jwk for row in rows if row.public_jwk is not None]
    refreshing = [key for row in rows if isinstance(key := _open_symmetric(row), OctKey)]
    return KeyRing(
        signing=signing,
        verifying=KeySet([import_key(jwk) for jwk in public]),
        refreshing=tuple(refreshing),
        jwks=published({"keys": public}),
        loaded_at=time.monotonic(),
    )


def _open_symmetric(row: SigningKey) -> Key | None:
    return _open(row) if row.alg == REFRESH_ALG else None


_lock = threading.Lock()
_ring: KeyRing | None = None


def ring() -> KeyRing:
    """The keys of this process: loaded on first need, looked at again once a minute."""
    global _ring
    held = _ring
    if held is not None and time.monotonic() - held.loaded_at < RELOAD_EVERY:
        return held
    with _lock:
        if _ring is held:
            _ring = _load_or_keep(held)
        assert _ring is not None  # noqa: S101
        return _ring


def _load_or_keep(held: KeyRing | None) -> KeyRing:
    """While the database is away portals can still check the tokens they hold."""
    try:
        return _load(held)
    except DatabaseError as error:
        if held is None:
            raise
        log.error("keys_not_reloaded", error=type(error).__name__)
        return replace(held, loaded_at=time.monotonic() - RELOAD_EVERY + RETRY_AFTER)


def ensure(alg: str) -> None:
    """Makes the key of an algorithm that no portal asked for until now."""
    if alg in ring().signing:
        return
    try:
        with transaction.atomic():
            create_key(alg=alg, state=KeyState.CURRENT)
    except IntegrityError:
        # Another process was first.
        pass
    forget()
    ring()


def forget() -> None:
    """The next use loads the keys again (after a rotation; between tests)."""
    global _ring
    _ring = None


def sign(claims: dict[str, Any], *, alg: str, typ: str = "JWT") -> str:
    """A JWT signed by the current key of this algorithm."""
    ensure(alg)
    kid, key = ring().signing[alg]
    return jwt.encode({"alg": alg, "typ": typ, "kid": kid}, claims, key, algorithms=[alg])


def sign_refresh(claims: dict[str, Any]) -> str:
    """A JWT that only this provider can check."""
    key = ring().refreshing[0]
    return jwt.encode(
        {"alg": REFRESH_ALG, "typ": "JWT", "kid": key.kid}, claims, key, [REFRESH_ALG]
    )


def read(token: str, *, kind: str, may_be_expired: bool = False) -> dict[str, Any]:
    """The claims of an access (`Bearer`) or id token (`ID`) of ours; else InvalidTokenError."""
    return _checked(
        _decoded(token, ring().verifying, SIGNING_ALGS), kind=kind, may_be_expired=may_be_expired
    )


def read_refresh(token: str) -> dict[str, Any]:
    """The claims of a refresh token of ours; else InvalidTokenError."""
    keys = KeySet(list(ring().refreshing))
    return _checked(_decoded(token, keys, (REFRESH_ALG,)), kind="Refresh", may_be_expired=False)


def _decoded(token: str, keys: KeySet, algorithms: tuple[str, ...]) -> dict[str, Any]:
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise InvalidTokenError("too long or not ASCII")
    try:
        return jwt.decode(token, keys, registry=TokenRegistry(algorithms=algorithms)).claims
    # RecursionError: a header of nested brackets, read before any signature.
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise InvalidTokenError(type(error).__name__) from error


def _checked(claims: dict[str, Any], *, kind: str, may_be_expired: bool) -> dict[str, Any]:
    now = int(clock.now().timestamp())
    registry = jwt.JWTClaimsRegistry(
        now=now,
        iss={"essential": True, "value": settings.HYGIE.issuer},
        typ={"essential": True, "value": kind},
        exp={"essential": True},
    )
    # Signed by a node of ours, whose clock may be a second ahead: iat proves nothing more.
    judged = {name: value for name, value in claims.items() if name != "iat"}
    if may_be_expired and "exp" in claims:
        # RP-Initiated Logout §2: an id_token_hint may be past its time.
        judged["exp"] = now + 1
    try:
        registry.validate(judged)
    except JoseError as error:
        raise InvalidTokenError(f"{type(error).__name__} {kind}") from error
    return claims
