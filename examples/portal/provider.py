"""A portal's side of OpenID Connect: begin_login → finish_login → refresh … → logout_url, and
read_logout_token when the provider ends a session by itself.

Copy this file: it needs Authlib, joserfc and httpx2, nothing of a web framework and nothing
of this folder. Each check that the portal owes stands under the sentence that asks for it.
"""

import hmac
import secrets
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

SCOPE = "openid scope_all"
ACR_VALUES = "eidas1"
# Pinned here, never taken from the discovery document: a provider may list HS256 too, and a
# portal that accepts it can be given a token "signed" with a key that everybody knows.
ALGORITHMS = ["RS256", "PS256", "ES256"]
BACKCHANNEL_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
CLOCK_LEEWAY = 60  # seconds
TIMEOUT = 10  # seconds
KEYS_PAUSE = 10  # seconds


class LoginError(Exception):
    """A login, refresh or logout that ends here: `code` for the page, `description` for the log."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """What the portal remembers, server side, while the professional is at the provider."""

    state: str
    nonce: str
    code_verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A verified login: the tokens as received, the id_token's claims, the userinfo."""

    tokens: dict[str, Any]
    claims: dict[str, Any]
    userinfo: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    """What a logout token is about: a session by its `sid`, else every session of a `sub`."""

    sid: str | None = None
    sub: str | None = None

    def is_of(self, login: Login) -> bool:
        """Whether that login ends with it."""
        same_subject = self.sub in {None, login.claims["sub"]}
        return same_subject and self.sid in {None, login.claims.get("sid")}


@dataclass(slots=True, kw_only=True)
class Provider:
    """One OpenID Connect provider, as one client of it sees it."""

    issuer: str
    client_id: str
    client_secret: str
    discovery_url: str = ""
    _metadata: dict[str, Any] = field(default_factory=dict)
    _keys: KeySet | None = None
    _keys_asked_at: float = 0.0
    _tls: ssl.SSLContext = field(default_factory=httpx2.create_ssl_context)  # made once: 20 ms

    def begin_login(
        self, *, redirect_uri: str, prompt: str | None = None
    ) -> tuple[str, PendingLogin]:
        """The address to send the browser to, and what to remember until it is back."""
        pending = PendingLogin(
            state=secrets.token_urlsafe(32),
            nonce=secrets.token_urlsafe(32),
            code_verifier=secrets.token_urlsafe(48),
            redirect_uri=redirect_uri,
        )
        extra = {"prompt": prompt} if prompt else {}
        with self._client(redirect_uri=redirect_uri) as client:
            url, _ = client.create_authorization_url(
                self._endpoint("authorization_endpoint"),
                state=pending.state,
                nonce=pending.nonce,
                code_verifier=pending.code_verifier,  # sent as its S256 challenge
                acr_values=ACR_VALUES,
                **extra,
            )
        return url, pending

    def finish_login(self, *, pending: PendingLogin | None, answer: Mapping[str, str]) -> Login:
        """From the callback's parameters to a verified login. `pending` is used once, then gone."""
        self._check_answer(pending, answer)
        assert pending is not None  # noqa: S101 - _check_answer refused it
        tokens = self._token_request(
            redirect_uri=pending.redirect_uri,
            grant_type="authorization_code",
            code=answer["code"],
            code_verifier=pending.code_verifier,
        )
        claims = self._verify_id_token(tokens, nonce=pending.nonce)
        return Login(tokens=tokens, claims=claims, userinfo=self._userinfo(tokens, claims))

    def refresh(self, login: Login) -> Login:
        """New tokens for the same person; the userinfo is asked again."""
        refresh_token = login.tokens.get("refresh_token")
        if not refresh_token:
            raise LoginError("invalid_grant", "there is no refresh token")
        fresh = self._token_request(grant_type="refresh_token", refresh_token=refresh_token)
        tokens = {**login.tokens, **fresh}
        claims = login.claims
        if "id_token" in fresh:
            claims = self._verify_id_token(fresh)
            # OpenID Connect Core §12.2: same subject; the nonce, when repeated, is the first one.
            if claims["sub"] != login.claims["sub"]:
                raise LoginError("id_token_invalid", "another subject after a refresh")
            if claims.get("nonce") not in {None, login.claims["nonce"]}:
                raise LoginError("id_token_invalid", "another nonce after a refresh")
        return Login(tokens=tokens, claims=claims, userinfo=self._userinfo(tokens, claims))

    def logout_url(self, *, id_token: str, return_to: str, state: str) -> str:
        """RP-Initiated Logout §2: where to send the browser so that the provider's session ends."""
        parameters = {
            "id_token_hint": id_token,
            "post_logout_redirect_uri": return_to,
            "state": state,
        }
        return f"{self._endpoint('end_session_endpoint')}?{urlencode(parameters)}"

    def read_logout_token(self, logout_token: str) -> EndedSession:
        """Back-Channel Logout §2.6: what a POST to the portal's `backchannel_logout_uri` says.

        A token that comes again ends nothing more: no later session has the same `sid`.
        """
        try:
            token = self._decode(logout_token, pause=KEYS_PAUSE)
            # §2.4 asks for "logout+jwt", or for what a provider wrote before that existed.
            if token.header.get("typ", "JWT") not in ("JWT", "logout+jwt"):
                raise LoginError("logout_token_invalid", f"typ={token.header['typ']!r}")
            jwt.JWTClaimsRegistry(
                leeway=CLOCK_LEEWAY,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                iat={"essential": True},
                exp={"essential": True},
                jti={"essential": True},
            ).validate(token.claims)
        except (JoseError, ValueError) as error:
            raise LoginError("logout_token_invalid", str(error)) from error
        claims = token.claims
        events = claims.get("events")
        if not isinstance(events, dict) or not isinstance(events.get(BACKCHANNEL_LOGOUT), dict):
            raise LoginError("logout_token_invalid", "no event of a logout")
        # An id_token has one: it must not be taken for an order to log out.
        if "nonce" in claims:
            raise LoginError("logout_token_invalid", "a nonce")
        named = {name: claims[name] for name in ("sid", "sub") if name in claims}
        if not named or not all(isinstance(value, str) for value in named.values()):
            raise LoginError("logout_token_invalid", "neither sid nor sub")
        return EndedSession(**named)

    # --- the checks -----------------------------------------------------------------------------

    def _check_answer(self, pending: PendingLogin | None, answer: Mapping[str, str]) -> None:
        # RFC 6749 §10.12: the answer belongs to a request of this browser, or it is not read.
        if pending is None or not hmac.compare_digest(
            pending.state.encode(), answer.get("state", "").encode()
        ):
            raise LoginError("state_mismatch")
        # RFC 9207 §2.4: compare `iss` before anything else is believed, errors included.
        announced = self._discovery().get("authorization_response_iss_parameter_supported")
        issuer = answer.get("iss")
        if (announced or issuer is not None) and issuer != self.issuer:
            raise LoginError("issuer_mismatch", f"iss={issuer!r}")
        if "error" in answer:
            raise LoginError(answer["error"], answer.get("error_description", ""))
        if not answer.get("code"):
            raise LoginError("code_missing")

    def _verify_id_token(self, tokens: dict[str, Any], nonce: str | None = None) -> dict[str, Any]:
        """OpenID Connect Core §3.1.3.7: signature, iss, aud, azp, exp, iat, nonce, at_hash."""
        id_token = tokens.get("id_token")
        if not isinstance(id_token, str):
            raise LoginError("id_token_invalid", "there is no id_token")
        try:
            decoded = self._decode(id_token)
            expected: dict[str, Any] = {
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self.client_id},
            }
            if nonce is not None:
                expected["nonce"] = {"essential": True, "value": nonce}
            context = {"client_id": self.client_id, "access_token": tokens.get("access_token")}
            claims = CodeIDToken(decoded.claims, decoded.header, expected, context)
            claims.validate(leeway=CLOCK_LEEWAY)
        except (JoseError, ValueError) as error:
            raise LoginError("id_token_invalid", str(error)) from error
        return dict(claims)

    def _decode(self, token: str, *, pause: float = 0.0) -> jwt.Token:
        """Checks the signature. An unknown key: the provider may have new keys, ask once.

        `pause`: but not so soon again, of what anybody may send; the provider sends its own again.
        """
        if self._keys is not None:
            try:
                return jwt.decode(token, self._keys, algorithms=ALGORITHMS)
            except InvalidKeyIdError:
                if time.monotonic() < self._keys_asked_at + pause:
                    raise LoginError("provider_unreachable", "an unknown key, again") from None
        self._keys_asked_at = time.monotonic()
        self._keys = KeySet.import_key_set(self._get_json(self._endpoint("jwks_uri")))  # type: ignore[arg-type]
        return jwt.decode(token, self._keys, algorithms=ALGORITHMS)

    def _userinfo(self, tokens: dict[str, Any], claims: dict[str, Any]) -> dict[str, Any]:
        url = self._endpoint("userinfo_endpoint")
        bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
        userinfo = self._get_json(url, headers=bearer)
        # OpenID Connect Core §5.3.2: the same subject as the id_token, or it must not be used.
        if userinfo.get("sub") != claims["sub"]:
            raise LoginError("userinfo_invalid", "another subject than the id_token's")
        return userinfo

    # --- talking to the provider ----------------------------------------------------------------

    def _client(self, **options: Any) -> OAuth2Client:
        return OAuth2Client(
            client_id=self.client_id,
            client_secret=self.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - a method's name
            scope=SCOPE,
            code_challenge_method="S256",
            timeout=TIMEOUT,
            verify=self._tls,
            **options,
        )

    def _token_request(self, *, redirect_uri: str | None = None, **grant: str) -> dict[str, Any]:
        try:
            with self._client(redirect_uri=redirect_uri) as client:
                url = self._endpoint("token_endpoint")
                if grant["grant_type"] == "refresh_token":
                    tokens = client.refresh_token(url, refresh_token=grant["refresh_token"])
                else:
                    tokens = client.fetch_token(url, **grant)
        except OAuthError as error:
            raise LoginError(error.error or "server_error", error.description or "") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise LoginError("provider_unreachable", str(error)) from error
        if not tokens.get("access_token"):
            raise LoginError("provider_unreachable", "the answer holds no access_token")
        return dict(tokens)

    def _discovery(self) -> dict[str, Any]:
        """The provider's description of itself; read once."""
        if not self._metadata:
            url = self.discovery_url or f"{self.issuer}/.well-known/openid-configuration"
            document = self._get_json(url)
            # OpenID Connect Discovery §4.3: the issuer found is exactly the issuer asked for.
            if document.get("issuer") != self.issuer:
                raise LoginError("issuer_mismatch", f"discovery says {document.get('issuer')!r}")
            self._metadata = document
        return self._metadata

    def _endpoint(self, name: str) -> str:
        url = self._discovery().get(name)
        if not isinstance(url, str):
            raise LoginError("provider_unreachable", f"discovery holds no {name}")
        return url

    def _get_json(self, url: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            response = httpx2.get(url, headers=headers, timeout=TIMEOUT, verify=self._tls)
            response.raise_for_status()
            document = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise LoginError("provider_unreachable", str(error)) from error
        if not isinstance(document, dict):
            raise LoginError("provider_unreachable", f"{url} is not an object")
        return document
