"""grant_type=client_credentials (RFC 6749 §4.4): a portal's own token, which names no person."""

from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidScopeError
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from django.conf import settings
from django.db.models import Exists

from idp.core import clock, secrets
from idp.oidc.flows.minting import access_token_alg
from idp.oidc.flows.sender import protocol_error, sender_of
from idp.oidc.gateways import keys
from idp.oidc.models import Client, SeenId
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.look_up import LOOK_UP_SCOPE
from idp.oidc.rules.scopes import granted_scopes
from idp.oidc.rules.tokens import CLIENT_TOKEN, client_access_claims, token_type


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientToken:
    """A live access token of a portal itself."""

    claims: dict[str, Any]
    client: Client

    def check_client(self, client: Client) -> bool:
        return self.client.pk == client.pk

    def revoke(self) -> None:
        """Known as ended until its time is over; told by nothing but its `jti`."""
        life = settings.HYGIE.lifetimes.access_token
        SeenId.is_first(digest=_ended(self.claims), expires_at=clock.now() + life)


def _ended(claims: dict[str, Any]) -> bytes:
    return secrets.digest(f"ended {claims['jti']}")


def read_client_token(token: str) -> ClientToken:
    """One statement; else InvalidTokenError."""
    claims = keys.read(token, kind="Bearer")
    if not str(claims.get("jti", "")).startswith(CLIENT_TOKEN):
        raise keys.InvalidTokenError("not a client's own token")
    ended = Exists(SeenId.objects.filter(digest=_ended(claims)))
    client = Client.objects.filter(client_id=claims["azp"], is_enabled=True).exclude(ended).first()
    if client is None or (client.is_sandbox and not settings.HYGIE.is_sandbox):
        raise keys.InvalidTokenError("the client is disabled, or the token was ended")
    return ClientToken(claims=claims, client=client)


def client_answer(client: Client, *, scope: str, cnf: dict[str, str]) -> dict[str, Any]:
    """The token response: RFC 6749 §4.4.3, without refresh token."""
    now = int(clock.now().timestamp())
    expires_in = int(settings.HYGIE.lifetimes.access_token.total_seconds())
    claims = client_access_claims(
        issuer=settings.HYGIE.issuer,
        client_id=client.client_id,
        jti=CLIENT_TOKEN + secrets.new_token(),
        scope=scope,
        issued_at=now,
        expires_at=now + expires_in,
        cnf=cnf,
    )
    return {
        "access_token": keys.sign(claims, alg=access_token_alg(client)),
        "expires_in": expires_in,
        "token_type": token_type(cnf),
        "not-before-policy": 0,
        "scope": scope,
    }


def client_scope(client: Client, asked: str) -> str:
    """RFC 6749 §3.3. `openid` asks for a person (OIDC Core §3.1.2.1): there is none here."""
    wanted = asked.split()
    granted = granted_scopes(
        asked=wanted, allowed=[name for name in client.scopes if name != "openid"]
    )
    if LOOK_UP_SCOPE in wanted and client.may_look_up:
        granted = (*granted, LOOK_UP_SCOPE)
    if wanted and not granted:
        raise InvalidScopeError("None of the scopes may be granted.")
    return " ".join(dict.fromkeys(granted))


class ClientGrant(ClientCredentialsGrant):  # type: ignore[misc]
    """Authlib authenticates the client, and calls these."""

    TOKEN_ENDPOINT_AUTH_METHODS = ["registered"]

    def validate_requested_scope(self) -> None:
        self.scope = client_scope(self.request.client, self.request.form.get("scope", ""))
        try:
            self.cnf = sender_of(self.request.call, self.request.client)
        except BackchannelError as error:
            raise protocol_error(error) from error

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        return 200, client_answer(self.request.client, scope=self.scope, cnf=self.cnf), []
