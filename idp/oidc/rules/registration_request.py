"""What a portal's server asks to register (RFC 7591 §2, OIDC Registration 1.0 §2), as typed values.

Types alone are judged here; `flows.clients` judges what the values mean, as for an operator.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlsplit

from idp.core.errors import IdpError
from idp.oidc.rules.client_choices import AnswerMetadata, LogoutMetadata
from idp.oidc.rules.client_ciba import CibaMetadata
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.client_proof import ClientProof
from idp.oidc.rules.profiles import Profile
from idp.oidc.rules.scopes import SCOPES

LONGEST_BODY = 65_536
MOST_ADDRESSES = 20
# Where a document of the portal would have to be fetched. Ignored, they would promise more than is
# done: keys stand in the request, and a sector is the host of the redirect URIs.
_REFERENCES = ("jwks_uri", "sector_identifier_uri")
_ENCRYPTIONS = {
    "id_token_encryption_alg": "id_token_encrypted_response_alg",
    "id_token_encryption_enc": "id_token_encrypted_response_enc",
    "userinfo_encryption_alg": "userinfo_encrypted_response_alg",
    "userinfo_encryption_enc": "userinfo_encrypted_response_enc",
}


def _refused(detail: str, *, code: str = "invalid_client_metadata") -> IdpError:
    return IdpError(code, detail, detail=detail)


class _Members:
    """Members of the document, each read as the type that its name has; null is not sent."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = {name: value for name, value in document.items() if value is not None}

    def has(self, name: str) -> bool:
        return name in self._document

    def text(self, name: str, default: str = "") -> str:
        value = self._document.get(name, default)
        if not isinstance(value, str):
            raise _refused(f"{name} is no text")
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self._document.get(name, default)
        if not isinstance(value, bool):
            raise _refused(f"{name} is neither true nor false")
        return value

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        value = self._document.get(name, default)
        is_list = isinstance(value, list | tuple) and len(value) <= MOST_ADDRESSES
        if not is_list or not all(isinstance(each, str) for each in value):
            raise _refused(f"{name} is no list of at most {MOST_ADDRESSES} texts")
        return tuple(dict.fromkeys(value))

    def keys(self) -> dict[str, Any]:
        value = self._document.get("jwks", {})
        if not isinstance(value, dict):
            raise _refused("jwks is no JSON object of keys")
        return value


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationRequest:
    """Members that are not here are ignored (RFC 7591 §2); the answer says what was registered."""

    name: str
    redirect_uris: tuple[str, ...]
    post_logout_redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    id_token_alg: str
    proof: ClientProof = field(repr=False)
    logout: LogoutMetadata
    answers: AnswerMetadata
    ciba: CibaMetadata

    @classmethod
    def parse(cls, document: object, *, profile: Profile) -> Self:
        """IdpError `invalid_client_metadata` or `invalid_redirect_uri` (RFC 7591 §3.2.2).

        `profile`: of the initial access token; what it demands is not asked twice.
        """
        if not isinstance(document, dict):
            raise _refused("a JSON object is needed")
        members = _Members(document)
        _check_asked(members)
        redirect_uris = _redirect_uris(members)
        return cls(
            name=members.text("client_name") or _host(redirect_uris),
            redirect_uris=redirect_uris,
            post_logout_redirect_uris=members.texts("post_logout_redirect_uris"),
            scopes=_scopes(members),
            id_token_alg=members.text("id_token_signed_response_alg", profile.default_alg),
            proof=_proof(members, profile),
            logout=_logout(members),
            answers=_answers(members),
            ciba=_ciba(members),
        )


def _check_asked(members: _Members) -> None:
    for name in _REFERENCES:
        if members.has(name):
            raise _refused(f"{name} is not supported")
    # RFC 7591 §2.1: response types and grant types go together; there is the code flow alone.
    if members.texts("response_types", ("code",)) not in ((), ("code",)):
        raise _refused("response_types: code is the only one")
    if members.text("application_type", "web") not in ("web", "native"):
        raise _refused("application_type is web or native")


def _redirect_uris(members: _Members) -> tuple[str, ...]:
    try:
        return members.texts("redirect_uris")
    except IdpError as error:
        raise _refused(error.description, code="invalid_redirect_uri") from error


def _host(redirect_uris: tuple[str, ...]) -> str:
    """A name for who gave none; a malformed address is refused later, with its reason."""
    try:
        return (urlsplit(redirect_uris[0]).hostname if redirect_uris else "") or "portail"
    except ValueError:
        return "portail"


def _scopes(members: _Members) -> tuple[str, ...]:
    """RFC 7591 §2: scopes that are unknown are left out; the answer says which were kept."""
    asked = members.text("scope").split()
    return tuple(scope for scope in SCOPES if scope in asked) if asked else tuple(SCOPES)


def _proof(members: _Members, profile: Profile) -> ClientProof:
    default = AuthMethod.SECRET_BASIC if profile.allows_secret else AuthMethod.PRIVATE_KEY_JWT
    asked = members.text("token_endpoint_auth_method", str(default))
    if asked not in list(AuthMethod):
        raise _refused("token_endpoint_auth_method is not supported")
    is_tls_bound = members.flag("tls_client_certificate_bound_access_tokens")
    return ClientProof(
        token_endpoint_auth_method=AuthMethod(asked),
        jwks=members.keys(),
        tls_client_auth_subject_dn=members.text("tls_client_auth_subject_dn"),
        grant_types=members.texts("grant_types", ("authorization_code",)),
        dpop_bound_access_tokens=members.flag(
            "dpop_bound_access_tokens",
            default=profile.requires_sender_constraint and not is_tls_bound,
        ),
        tls_client_certificate_bound_access_tokens=is_tls_bound,
        require_pushed_authorization_requests=members.flag("require_pushed_authorization_requests"),
    )


def _logout(members: _Members) -> LogoutMetadata:
    return LogoutMetadata(
        backchannel_logout_uri=members.text("backchannel_logout_uri"),
        backchannel_logout_session_required=members.flag("backchannel_logout_session_required"),
        frontchannel_logout_uri=members.text("frontchannel_logout_uri"),
        frontchannel_logout_session_required=members.flag("frontchannel_logout_session_required"),
    )


def _answers(members: _Members) -> AnswerMetadata:
    return AnswerMetadata(
        userinfo_alg=members.text("userinfo_signed_response_alg"),
        subject_type=members.text("subject_type", "public"),
        userinfo_shape=members.text("userinfo_shape", "current"),
        **{column: members.text(name) for column, name in _ENCRYPTIONS.items()},
    )


def _ciba(members: _Members) -> CibaMetadata:
    endpoint = members.text("backchannel_client_notification_endpoint")
    mode = members.text("backchannel_token_delivery_mode", "ping" if endpoint else "poll")
    # CIBA §4: the endpoint goes with ping, and ping with the endpoint.
    if mode != ("ping" if endpoint else "poll"):
        raise _refused("backchannel_token_delivery_mode: poll, or ping with its endpoint")
    return CibaMetadata(backchannel_client_notification_endpoint=endpoint)
