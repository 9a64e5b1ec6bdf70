"""What a portal registers of logouts and of its answers (OIDC Registration §2), checked."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from idp.core.errors import IdpError
from idp.oidc.rules.answers import (
    DEFAULT_ENC,
    ENCRYPTION_ALGS,
    ENCRYPTION_ENCS,
    ID_TOKEN_ALGS,
    SubjectType,
    UserInfoShape,
)
from idp.oidc.rules.registration import check_uri, host_of, origin_of

# Which keys of the portal each algorithm encrypts to.
_KEY_TYPES: Mapping[str, frozenset[str]] = {
    "RSA-OAEP-256": frozenset({"RSA"}),
    "ECDH-ES": frozenset({"EC", "OKP"}),
}

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


def _refused(detail: str) -> IdpError:
    return IdpError("invalid_client_metadata", detail, detail=detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutMetadata:
    """Back-Channel Logout 1.0 §2.2, Front-Channel Logout 1.0 §2."""

    backchannel_logout_uri: str = ""
    backchannel_logout_session_required: bool = False
    frontchannel_logout_uri: str = ""
    frontchannel_logout_session_required: bool = False

    def check(self, *, redirect_uris: tuple[str, ...], allows_http: bool = False) -> None:
        """The server's address is https, of this machine in a sandbox only."""
        if self.backchannel_logout_uri:
            check_uri(self.backchannel_logout_uri, allows_http=allows_http)
            if not allows_http and not self.backchannel_logout_uri.startswith("https://"):
                raise _refused("backchannel_logout_uri must be https")
        if self.frontchannel_logout_uri:
            check_uri(self.frontchannel_logout_uri, allows_http=allows_http)
            # Front-Channel Logout §2: scheme, host and port of a registered redirect_uri.
            origins = {origin_of(uri) for uri in redirect_uris}
            if origin_of(self.frontchannel_logout_uri) not in origins:
                raise _refused("frontchannel_logout_uri must have the origin of a redirect_uri")

    def columns(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMetadata:
    """Beside `id_token_alg`: UserInfo's signature, encryption of both, shape, `sub`."""

    id_token_encryption_alg: str = ""
    id_token_encryption_enc: str = ""
    userinfo_alg: str = ""
    userinfo_encryption_alg: str = ""
    userinfo_encryption_enc: str = ""
    userinfo_shape: str = UserInfoShape.CURRENT
    subject_type: str = SubjectType.PUBLIC
    sector_identifier: str = ""

    def check(self, *, redirect_uris: tuple[str, ...], jwks: Mapping[str, Any]) -> None:
        """Refused with the reason, for the operator."""
        if self.userinfo_alg and self.userinfo_alg not in ID_TOKEN_ALGS:
            raise _refused(f"unknown algorithm of UserInfo: {self.userinfo_alg}")
        for alg, enc in (
            (self.id_token_encryption_alg, self.id_token_encryption_enc),
            (self.userinfo_encryption_alg, self.userinfo_encryption_enc),
        ):
            _check_encryption(alg, enc, jwks)
        if self.userinfo_shape not in list(UserInfoShape):
            raise _refused(f"unknown shape of UserInfo: {self.userinfo_shape}")
        if self.subject_type not in list(SubjectType):
            raise _refused(f"unknown subject_type: {self.subject_type}")
        self._check_sector(redirect_uris)

    def _check_sector(self, redirect_uris: tuple[str, ...]) -> None:
        if self.sector_identifier and not _HOST.fullmatch(self.sector_identifier):
            raise _refused("sector_identifier is a host, in small letters")
        if self.subject_type != SubjectType.PAIRWISE or self.sector_identifier:
            return
        # OIDC Core §8.1: several hosts, or none, say of no one sector what it is.
        if len({host_of(uri) for uri in redirect_uris}) != 1:
            raise _refused("sector_identifier is needed: the redirect URIs are not of one host")

    def columns(self) -> dict[str, Any]:
        """With the `enc` that is meant where none is registered (OIDC Registration §2)."""
        values = asdict(self)
        for place in ("id_token", "userinfo"):
            if values[f"{place}_encryption_alg"] and not values[f"{place}_encryption_enc"]:
                values[f"{place}_encryption_enc"] = DEFAULT_ENC
        return {name: str(value) for name, value in values.items()}


def _check_encryption(alg: str, enc: str, jwks: Mapping[str, Any]) -> None:
    if enc and not alg:
        raise _refused("an enc goes with an alg")
    if not alg:
        return
    if alg not in ENCRYPTION_ALGS or (enc and enc not in ENCRYPTION_ENCS):
        raise _refused(f"unknown encryption: {alg} {enc}")
    if encryption_key(jwks, alg) is None:
        raise _refused(f"the client's keys hold none for {alg}")


def encryption_key(jwks: Mapping[str, Any], alg: str) -> dict[str, Any] | None:
    """The first key of the portal that this algorithm encrypts to (RFC 7517 §4.2 and §4.4)."""
    for key in jwks.get("keys", []):
        is_fit = key.get("kty") in _KEY_TYPES[alg] and key.get("crv") != "Ed25519"
        if is_fit and key.get("use", "enc") == "enc" and key.get("alg", alg) == alg:
            found: dict[str, Any] = key
            return found
    return None
