"""Token, introspection and revocation endpoints: Authlib's server with our grants in its table."""

from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749.errors import InvalidRequestError
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint

from idp.audit.flows import Outcome, record
from idp.oidc.flows.ciba_grant import UNTOLD, CibaGrant
from idp.oidc.flows.client_authentication import authenticate_client
from idp.oidc.flows.client_grant import ClientGrant, ClientToken, read_client_token
from idp.oidc.flows.code_grant import CodeGrant
from idp.oidc.flows.refresh_grant import RefreshGrant
from idp.oidc.flows.revocation import revoke_family
from idp.oidc.flows.strangers import count_refusal
from idp.oidc.flows.token_reading import LiveToken, read_any
from idp.oidc.gateways.keys import InvalidTokenError
from idp.oidc.gateways.server import (
    Call,
    ExactCodeChallenge,
    JsonAnswer,
    ProtocolRequest,
    ProtocolServer,
)
from idp.oidc.models import Client
from idp.oidc.rules.client_credentials import claimed_client_id
from idp.oidc.rules.introspection import introspection
from idp.oidc.rules.parameters import Parameters


def _audit_refusal(request: ProtocolRequest, error: OAuth2Error) -> None:
    if error.error in UNTOLD:
        return
    call = request.call
    # Set once the client has proved who it is.
    if request.client is None:
        count_refusal(caller=call.caller)
    record(
        event="token",
        outcome=Outcome.REFUSED,
        client_id=claimed_client_id(authorization=call.authorization, form=call.form)[:200],
        data={
            "code": error.error,
            "detail": request.refusal_detail or error.description,
            "grant_type": call.form.get("grant_type")[:80],
        },
    )


def _refused(call: Call, description: str) -> JsonAnswer:
    error = InvalidRequestError(description)
    answer: JsonAnswer = _SERVER.handle_error_response(ProtocolRequest(call), error)
    return answer


def _require_token(form: Parameters) -> None:
    # RFC 7662 §2.1, RFC 7009 §2.1: a hint that is not understood is ignored.
    if not form.get("token"):
        raise InvalidRequestError("token is missing.")


def _own_token(token: str) -> ClientToken | None:
    try:
        return read_client_token(token)
    except InvalidTokenError:
        return None


class Introspection(IntrospectionEndpoint):  # type: ignore[misc]
    """RFC 7662. A token that the client may not see is answered as a dead one."""

    def check_params(self, request: ProtocolRequest, client: Client) -> None:
        _require_token(request.call.form)

    def query_token(
        self, token_string: str, token_type_hint: str | None
    ) -> LiveToken | ClientToken | None:
        return read_any(token_string) or _own_token(token_string)

    def check_permission(
        self, token: LiveToken | ClientToken, client: Client, request: ProtocolRequest
    ) -> bool:
        return client.may_introspect(token.client.client_id)

    def create_introspection_payload(self, token: LiveToken | ClientToken | None) -> dict[str, Any]:
        return introspection(token.claims if token else None)


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """RFC 7009 §2.1: an access token takes the refresh token of its grant with it."""

    def check_params(self, request: ProtocolRequest, client: Client) -> None:
        _require_token(request.call.form)

    def query_token(self, token_string: str, token_type_hint: str | None) -> Any:
        token = read_any(token_string)
        return token.grant if token else _own_token(token_string)

    def revoke_token(self, token: Any, request: ProtocolRequest) -> None:
        if isinstance(token, ClientToken):
            token.revoke()
            return
        revoke_family(grant=token, reason="revoked by the portal")


def _server() -> ProtocolServer:
    server = ProtocolServer(authenticate=authenticate_client, on_refusal=_audit_refusal)
    server.register_grant(CodeGrant, [ExactCodeChallenge()])
    server.register_grant(RefreshGrant)
    server.register_grant(ClientGrant)
    server.register_grant(CibaGrant)
    server.register_endpoint(Introspection)
    server.register_endpoint(Revocation)
    return server


_SERVER = _server()


def answer_token(*, call: Call) -> JsonAnswer:
    """RFC 6749 §3.2."""
    if call.form.repeated:
        return _refused(call, "A parameter is repeated.")
    if not call.form.get("grant_type"):
        return _refused(call, "grant_type is missing.")
    answer: JsonAnswer = _SERVER.create_token_response(call)
    return answer


def answer_introspection(*, call: Call) -> JsonAnswer:
    """RFC 7662 §2."""
    if call.form.repeated:
        return _refused(call, "A parameter is repeated.")
    answer: JsonAnswer = _SERVER.create_endpoint_response("introspection", call)
    return answer


def answer_revocation(*, call: Call) -> JsonAnswer:
    """RFC 7009 §2."""
    if call.form.repeated:
        return _refused(call, "A parameter is repeated.")
    answer: JsonAnswer = _SERVER.create_endpoint_response("revocation", call)
    return answer
