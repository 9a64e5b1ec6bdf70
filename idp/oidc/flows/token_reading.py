"""From a presented token to what it stands for now: signature, then one look-up."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from idp.core import clock, secrets
from idp.login.flows import barred_by_register
from idp.oidc.gateways import keys
from idp.oidc.models import Client, Grant
from idp.oidc.rules.tokens import CLIENT_TOKEN, grant_of


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveToken:
    """A token of ours whose grant, client and session are all alive."""

    claims: dict[str, Any]
    grant: Grant

    @property
    def client(self) -> Client:
        return self.grant.client


class NoPersonError(keys.InvalidTokenError):
    """A portal's own token where a person's is needed (RFC 6750 §3.1 insufficient_scope)."""

    def __init__(self) -> None:
        super().__init__("a client's own token")
        self.code, self.status = "insufficient_scope", 403
        self.description = "The token names no person."


def find_grant(**lookup: Any) -> Grant | None:
    """The grant with its client, session and person: one statement."""
    return Grant.objects.select_related("client", "session__person").filter(**lookup).first()


def is_alive(grant: Grant, *, now: datetime) -> bool:
    """Tokens die with the SSO session, with the client, with the sandbox, and with the register.

    Idleness is not judged here: it is the refresh token's own lifetime.
    """
    session = grant.session
    is_fictitious = grant.is_test or session.person.is_test or grant.client.is_sandbox
    return (
        grant.revoked_at is None
        and grant.client.is_enabled
        and session.ended_at is None
        and now < session.expires_at
        and not barred_by_register(session.person)
        and (settings.HYGIE.is_sandbox or not is_fictitious)
    )


def _grant_named(grant_id: UUID | None) -> Grant | None:
    grant = find_grant(pk=grant_id) if grant_id else None
    if grant is None or grant.code_used_at is None:
        return None
    return grant if is_alive(grant, now=clock.now()) else None


def read_access_token(token: str) -> LiveToken:
    """Else InvalidTokenError."""
    claims = keys.read(token, kind="Bearer")
    if str(claims.get("jti", "")).startswith(CLIENT_TOKEN):
        raise NoPersonError
    grant = _grant_named(grant_of(claims))
    if grant is None:
        raise keys.InvalidTokenError("grant, client or session is over")
    return LiveToken(claims=claims, grant=grant)


def read_refresh_token(token: str) -> LiveToken:
    """The family's present refresh token; one that was used already is none."""
    claims = keys.read_refresh(token)
    grant = _grant_named(grant_of(claims))
    if grant is None or not is_present_refresh_token(grant, token):
        raise keys.InvalidTokenError("grant, client or session is over, or the token was used")
    return LiveToken(claims=claims, grant=grant)


def is_present_refresh_token(grant: Grant, token: str) -> bool:
    """Compared with the kept digest, in constant time."""
    return grant.refresh_digest is not None and secrets.matches(token, grant.refresh_digest)


def read_any(token: str) -> LiveToken | None:
    """An access or a refresh token, told apart by what signed it; None when it is dead."""
    for reader in (read_access_token, read_refresh_token):
        try:
            return reader(token)
        except keys.InvalidTokenError:
            continue
    return None
