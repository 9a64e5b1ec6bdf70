"""grant_type=refresh_token (RFC 6749 §6, RFC 9700 §4.14): each use turns the token."""

from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidGrantError, InvalidScopeError
from authlib.oauth2.rfc6749.grants import RefreshTokenGrant

from idp.core import clock, secrets
from idp.login.flows import keep_alive
from idp.oidc.flows.minting import new_refresh_token, token_answer
from idp.oidc.flows.revocation import revoke_family
from idp.oidc.flows.sender import sender_of_grant
from idp.oidc.flows.token_reading import find_grant, is_alive, is_present_refresh_token
from idp.oidc.gateways import keys
from idp.oidc.models import Client, Grant
from idp.oidc.rules.tokens import grant_of


def usable_grant(token: str, client: Client) -> Grant:
    """The grant of a present refresh token of this client. A used one ends the whole family."""
    try:
        grant_id = grant_of(keys.read_refresh(token))
    except keys.InvalidTokenError as error:
        raise _not_valid() from error
    grant = find_grant(pk=grant_id) if grant_id else None
    if grant is None or not grant.check_client(client) or not is_alive(grant, now=clock.now()):
        raise _not_valid()
    if not is_present_refresh_token(grant, token):
        raise _reused(grant)
    return grant


def refresh(grant: Grant, token: str, *, scope: str) -> dict[str, Any]:
    """New tokens. `Grant.rotate` is the gate: of many parallel uses one wins."""
    now = clock.now()
    fresh = new_refresh_token(grant, now=now)
    if not grant.rotate(
        used_digest=secrets.digest(token),
        refresh_digest=fresh.digest,
        refresh_expires_at=fresh.expires_at,
        now=now,
    ):
        raise _reused(grant)
    keep_alive(session=grant.session)
    profile = grant.client.profile
    return token_answer(
        grant, fresh, scope=scope, with_id_token=profile.emits_id_token_at_refresh, now=now
    )


def scope_of_refresh(grant: Grant, asked: str) -> str:
    """RFC 6749 §6: nothing beyond what was granted; the granted scope when none is asked."""
    granted = grant.scope.split()
    wanted = asked.split() or granted
    excess = [scope for scope in wanted if scope not in granted]
    kept = [scope for scope in granted if scope in wanted]
    if not kept or (excess and grant.client.profile.refuses_excess_scope_at_refresh):
        raise InvalidScopeError("The scope was not granted.")
    return " ".join(kept)


def _not_valid() -> InvalidGrantError:
    return InvalidGrantError("The refresh token is not valid.")


def _reused(grant: Grant) -> InvalidGrantError:
    revoke_family(grant=grant, reason="refresh token used twice")
    return InvalidGrantError("The refresh token was used already.")


class RefreshGrant(RefreshTokenGrant):  # type: ignore[misc]
    """Authlib checks the client before, and calls these."""

    def authenticate_refresh_token(self, refresh_token: str) -> Grant:
        return usable_grant(refresh_token, self.request.client)

    def _validate_token_scope(self, token: Grant) -> None:
        self.request.scope = scope_of_refresh(token, self.request.form.get("scope", ""))

    def validate_token_request(self) -> None:
        super().validate_token_request()
        grant = self.request.refresh_token
        grant.cnf = sender_of_grant(self.request.call, grant)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        request = self.request
        answer = refresh(request.refresh_token, request.form["refresh_token"], scope=request.scope)
        return 200, answer, []
