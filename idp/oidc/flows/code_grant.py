"""grant_type=authorization_code (RFC 6749 §4.1.3): the code becomes tokens, once."""

from typing import Any

from authlib.oauth2.rfc6749.errors import InvalidGrantError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant

from idp.core import clock, secrets
from idp.oidc.flows.minting import new_refresh_token, token_answer
from idp.oidc.flows.revocation import revoke_family
from idp.oidc.flows.sender import sender_of_grant
from idp.oidc.flows.token_reading import find_grant, is_alive
from idp.oidc.models import Client, Grant


def usable_grant(code: str, client: Client) -> Grant:
    """The grant of an unused code of this client. A code that comes twice ends what it gave."""
    now = clock.now()
    grant = find_grant(code_digest=secrets.digest(code))
    if grant is None or not grant.check_client(client):
        raise InvalidGrantError("The code is not valid.")
    if grant.code_used_at is not None:
        raise _replayed(grant)
    if now >= grant.code_expires_at or not is_alive(grant, now=now):
        raise InvalidGrantError("The code has expired.")
    return grant


def redeem(grant: Grant, *, cnf: dict[str, str]) -> dict[str, Any]:
    """The token response. `Grant.redeem` is the gate: until it opens, nothing leaves.

    `cnf`: the key or certificate that the tokens are bound to from now on.
    """
    now = clock.now()
    refresh = new_refresh_token(grant, now=now)
    if not grant.redeem(
        refresh_digest=refresh.digest, refresh_expires_at=refresh.expires_at, cnf=cnf, now=now
    ):
        raise _replayed(grant)
    grant.cnf = cnf
    return token_answer(grant, refresh, scope=grant.scope, with_id_token=True, now=now)


def _replayed(grant: Grant) -> InvalidGrantError:
    # RFC 6749 §4.1.2: deny, and revoke all tokens issued for the code.
    revoke_family(grant=grant, reason="code used twice")
    return InvalidGrantError("The code was used already.")


class CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]
    """Authlib checks client, redirect_uri and PKCE between these two calls."""

    def query_authorization_code(self, code: str, client: Client) -> Grant:
        return usable_grant(code, client)

    def validate_token_request(self) -> None:
        super().validate_token_request()
        # After PKCE: a portal that is told to fetch a nonce has lost nothing.
        self.cnf = sender_of_grant(self.request.call, self.request.authorization_code)

    def create_token_response(self) -> tuple[int, dict[str, Any], list[tuple[str, str]]]:
        return 200, redeem(self.request.authorization_code, cnf=self.cnf), []
