"""How a client says who it is: HTTP Basic, the form, or both."""

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote_plus

from idp.oidc.rules.client_jwks import UnverifiedJwtError, unverified_jwt
from idp.oidc.rules.errors import BackchannelError
from idp.oidc.rules.parameters import Parameters

LONGEST = 2048


class AuthMethod(StrEnum):
    """`token_endpoint_auth_method` (RFC 7591 §2, RFC 8705 §2)."""

    # Either way of sending the secret serves a client of either method.
    SECRET_BASIC = "client_secret_basic"  # noqa: S105 - a name
    SECRET_POST = "client_secret_post"  # noqa: S105 - a name
    PRIVATE_KEY_JWT = "private_key_jwt"
    TLS = "tls_client_auth"
    SELF_SIGNED_TLS = "self_signed_tls_client_auth"

    @property
    def has_secret(self) -> bool:
        return self in (AuthMethod.SECRET_BASIC, AuthMethod.SECRET_POST)

    @property
    def is_tls(self) -> bool:
        return self in (AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCredentials:
    """What was presented; nothing of it is verified yet. Never printed."""

    claimed_client_id: str
    secrets: tuple[str, ...]
    is_sent_twice: bool

    def __repr__(self) -> str:
        return f"ClientCredentials({self.claimed_client_id!r})"


def invalid_client(detail: str) -> BackchannelError:
    """One same answer, whether the client is unknown or its secret is wrong (RFC 6749 §5.2)."""
    return BackchannelError(
        "invalid_client", "Client authentication failed.", detail=detail, status=401
    )


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _space, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    if len(encoded) > LONGEST:
        raise invalid_client("Authorization header too long")
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise invalid_client("Authorization header is not Basic") from error
    client_id, colon, secret = text.partition(":")
    if not colon or any(ord(character) < 32 for character in text):
        raise invalid_client("Authorization header is not Basic")
    return client_id, secret


def presented_credentials(*, authorization: str, form: Parameters) -> ClientCredentials:
    """RFC 6749 §2.3: the header, or the form; both only where they say the same."""
    basic = _basic(authorization) if authorization else None
    form_id, form_secret = form.get("client_id"), form.get("client_secret")
    if basic is None:
        if not form_id or not form_secret:
            raise invalid_client("no client credentials")
        return ClientCredentials(
            claimed_client_id=form_id, secrets=(form_secret,), is_sent_twice=False
        )
    # RFC 6749 §2.3.1: form-encoded inside Basic; many clients forget it, and some secrets hold
    # a `%` or `+` of their own.
    claimed_id, raw_secret = unquote_plus(basic[0]), basic[1]
    if not claimed_id.isprintable():
        raise invalid_client("control characters in client_id")
    if form_id and form_id != claimed_id:
        raise invalid_client("client_id differs from the Authorization header")
    secrets = tuple(dict.fromkeys((raw_secret, unquote_plus(raw_secret))))
    if form_secret and form_secret not in secrets:
        raise invalid_client("client_secret differs from the Authorization header")
    return ClientCredentials(
        claimed_client_id=claimed_id, secrets=secrets, is_sent_twice=bool(form_secret)
    )


def claimed_client_id(*, authorization: str, form: Parameters) -> str:
    """Whom the call says it is from, for the audit log; `""` when it cannot be read."""
    try:
        return presented_credentials(authorization=authorization, form=form).claimed_client_id
    except BackchannelError:
        return form.get("client_id") or _signer(form.get("client_assertion"))


def _signer(assertion: str) -> str:
    try:
        return str(unverified_jwt(assertion).claims.get("sub", "")) if assertion else ""
    except UnverifiedJwtError:
        return ""
