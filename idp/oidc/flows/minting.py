"""Makes the tokens of one answer. Called after the gate (`Grant.redeem`, `Grant.rotate`) let it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from idp.core import secrets
from idp.directory.rules.professional import Professional
from idp.oidc.flows.answers import id_token_for
from idp.oidc.flows.subjects import subject_of
from idp.oidc.gateways import keys
from idp.oidc.models import Client, Grant
from idp.oidc.rules import tokens
from idp.oidc.rules.scopes import open_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshToken:
    """A refresh token about to be handed out. Never printed."""

    token: str
    digest: bytes
    expires_at: datetime

    def __repr__(self) -> str:
        return "RefreshToken(…)"


def facts_of(grant: Grant, *, scope: str, now: datetime) -> tokens.TokenFacts:
    """What the tokens of this grant say in common."""
    blank = "" if grant.client.profile.emits_blank_nonce else None
    return tokens.TokenFacts(
        issuer=settings.HYGIE.issuer,
        client_id=grant.client.client_id,
        subject=subject_of(client=grant.client, person=grant.session.person),
        grant_id=grant.pk,
        session_id=grant.session_id,
        scope=scope,
        nonce=grant.nonce or blank,
        acr=grant.acr,
        amr=tuple(grant.amr),
        auth_mode=grant.auth_mode,
        auth_time=int(grant.auth_time.timestamp()),
        issued_at=int(now.timestamp()),
        cnf=grant.cnf,
    )


def new_refresh_token(grant: Grant, *, now: datetime) -> RefreshToken:
    """30 minutes, but never beyond the session."""
    expires_at = min(now + settings.HYGIE.lifetimes.refresh_token, grant.session.expires_at)
    claims = tokens.refresh_claims(
        facts_of(grant, scope=grant.scope, now=now),
        jti=tokens.token_id(grant.pk, secrets.new_token()),
        expires_at=int(expires_at.timestamp()),
    )
    token = keys.sign_refresh(claims)
    return RefreshToken(token=token, digest=secrets.digest(token), expires_at=expires_at)


def token_answer(
    grant: Grant, refresh: RefreshToken, *, scope: str, with_id_token: bool, now: datetime
) -> dict[str, Any]:
    """The token response."""
    professional = grant.professional
    facts = facts_of(grant, scope=scope, now=now)
    lifetime = settings.HYGIE.lifetimes.access_token
    expires_at = int(min(now + lifetime, grant.session.expires_at).timestamp())
    access = tokens.access_claims(facts, professional, jti=_new_jti(grant), expires_at=expires_at)
    access_token = keys.sign(access, alg=access_token_alg(grant.client))
    id_token = None
    # OIDC Core §3.1.2.1: without `openid` it is plain OAuth, and there is no id_token.
    if with_id_token and "openid" in scope.split():
        id_token = id_token_for(
            grant.client, _id_claims(grant, facts, professional, access_token, expires_at)
        )
    # RFC 7591 §2: whoever did not register the grant could do nothing with the token.
    is_refreshable = grant.client.check_grant_type("refresh_token")
    left = int(refresh.expires_at.timestamp()) - facts.issued_at
    return tokens.token_response(
        access_token=access_token,
        expires_in=expires_at - facts.issued_at,
        refresh_token=refresh.token if is_refreshable else None,
        refresh_expires_in=left if is_refreshable else 0,
        id_token=id_token,
        session_id=grant.session_id,
        scope=scope,
        token_type=tokens.token_type(grant.cnf),
    )


def access_token_alg(client: Client) -> str:
    return client.profile.default_alg


def _new_jti(grant: Grant) -> str:
    return tokens.token_id(grant.pk, secrets.new_token())


def _id_claims(
    grant: Grant,
    facts: tokens.TokenFacts,
    professional: Professional,
    access_token: str,
    expires_at: int,
) -> dict[str, Any]:
    opened = tokens.id_token_claims_opened(
        by_scope=open_claims(scopes=facts.scope.split()),
        requested=grant.requested_claims.get("id_token", []),
    )
    return tokens.id_claims(
        facts,
        professional,
        jti=_new_jti(grant),
        expires_at=expires_at,
        access_token=access_token,
        alg=grant.client.id_token_alg,
        open_claims=opened,
    )
