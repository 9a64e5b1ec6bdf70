"""Authlib's authorization server, fed with typed values instead of a web framework's request.

It owns the order of the token endpoint: grant, client, credential, PKCE. What it stores and signs
is given to it by flows.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import AuthorizationServer, OAuth2Error, OAuth2Request
from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidGrantError
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7636 import CodeChallenge, create_s256_code_challenge
from cryptography.x509 import Certificate

from idp.oidc.models import Client
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import Parameters

# Authlib wants to see https in the address it is given, and gives it no other use. Ours is fixed:
# settings refuse a base URL that is not https outside the sandbox, and a forwarded Host or scheme
# is not believed.
_ADDRESS = "https://provider.invalid/token"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One back-channel POST. Never printed: it holds secrets."""

    authorization: str
    form: Parameters
    # Where it comes from: for the rate window of refusals.
    caller: str = ""
    method: str = "POST"
    # The address that was called, as this provider publishes it.
    url: str = ""
    dpop: str = ""
    certificate: Certificate | None = None

    @property
    def is_dpop(self) -> bool:
        """RFC 9449 §7.1: the scheme, compared without regard to case."""
        return self.authorization.partition(" ")[0].lower() == "dpop"

    @property
    def token(self) -> str:
        """The access token of a protected resource call (RFC 6750 §2.1, RFC 9449 §7.1)."""
        scheme, _space, token = self.authorization.partition(" ")
        return token.strip() if scheme.lower() in ("bearer", "dpop") else ""

    def __repr__(self) -> str:
        return "Call(…)"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonAnswer:
    """Status and document for the view to send."""

    status: int
    body: dict[str, Any]


class ProtocolRequest(OAuth2Request):  # type: ignore[misc]
    """A call in Authlib's terms: the form alone, never the query."""

    def __init__(self, call: Call) -> None:
        super().__init__("POST", _ADDRESS, headers={"Authorization": call.authorization})
        self.call = call
        # Why authentication failed: for the audit log, never for the answer.
        self.refusal_detail = ""
        self.payload = BasicOAuth2Payload(dict(call.form.values))

    @property
    def form(self) -> dict[str, str]:
        return dict(self.call.form.values)


class ProtocolServer(AuthorizationServer):  # type: ignore[misc]
    """`authenticate`: the client of a call, or BackchannelError.

    `on_refusal`: audits, or raises the IdpError that is answered instead.
    """

    def __init__(
        self,
        *,
        authenticate: Callable[[Call], Client],
        on_refusal: Callable[["ProtocolRequest", OAuth2Error], None],
    ) -> None:
        super().__init__()
        self._authenticate = authenticate
        self._on_refusal = on_refusal

    def create_oauth2_request(self, request: Call) -> ProtocolRequest:
        return ProtocolRequest(request)

    def authenticate_client(
        self, request: ProtocolRequest, methods: list[str], endpoint: str = "token"
    ) -> Client:
        try:
            request.client = self._authenticate(request.call)
        except BackchannelError as error:
            request.refusal_detail = error.detail
            raise InvalidClientError(
                description=error.description, status_code=error.status
            ) from error
        client: Client = request.client
        return client

    def handle_response(self, status: int, body: dict[str, Any], headers: object) -> JsonAnswer:
        return JsonAnswer(status=status, body=body)

    def handle_error_response(self, request: ProtocolRequest, error: OAuth2Error) -> JsonAnswer:
        self._on_refusal(request, error)
        status, body, _headers = error()
        return JsonAnswer(status=status, body=body)

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """No signals for control flow."""


class ExactCodeChallenge(CodeChallenge):  # type: ignore[misc]
    """RFC 7636 §4.6 in constant time. What may be asked was checked at the authorization endpoint:
    here the method kept with the code is applied, none is presumed."""

    DEFAULT_CODE_CHALLENGE_METHOD = "S256"
    CODE_CHALLENGE_METHODS = {
        "plain": lambda verifier, challenge: hmac.compare_digest(verifier, challenge),
        "S256": lambda verifier, challenge: hmac.compare_digest(
            create_s256_code_challenge(verifier), challenge
        ),
    }

    def __init__(self) -> None:
        super().__init__(required=False)

    def validate_code_verifier(self, grant: Any, result: object) -> None:
        # FAPI 2.0's suite: a code that was asked with a challenge and comes without a verifier.
        if grant.request.authorization_code.code_challenge and not grant.request.form.get(
            "code_verifier"
        ):
            raise InvalidGrantError("code_verifier is missing.")
        super().validate_code_verifier(grant, result)
