"""How a portal will prove itself, as it registers it (RFC 7591 §2, RFC 8705, RFC 9449 §5.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509

from idp.core.errors import IdpError
from idp.oidc.rules.ciba_request import CIBA_GRANT
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.client_jwks import check_jwks
from idp.oidc.rules.profiles import Profile

GRANT_TYPES = ("authorization_code", "refresh_token", "client_credentials", CIBA_GRANT)
# A grant without a person needs no address to come back to.
LONGEST_SUBJECT = 500
WITH_REDIRECTION = frozenset({"authorization_code"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientProof:
    """One registration's method, keys, grants and bindings, with RFC 7591's names."""

    token_endpoint_auth_method: AuthMethod = AuthMethod.SECRET_BASIC
    jwks: Mapping[str, Any] = field(default_factory=dict)
    tls_client_auth_subject_dn: str = ""
    tls_client_certificate_thumbprints: tuple[str, ...] = ()
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    dpop_bound_access_tokens: bool = False
    tls_client_certificate_bound_access_tokens: bool = False
    require_pushed_authorization_requests: bool = False


def _refused(detail: str) -> IdpError:
    return IdpError("invalid_client_metadata", detail, detail=detail)


def check_method(proof: ClientProof, profile: Profile, *, accepts_tls: bool) -> None:
    """Each method with what it needs, and nothing that another would need."""
    method = proof.token_endpoint_auth_method
    if method.has_secret and not profile.allows_secret:
        # FAPI 2.0 Security Profile §5.3.2.1: private_key_jwt or mTLS.
        raise _refused("this profile has no secrets: private_key_jwt or a certificate is needed")
    if method is AuthMethod.PRIVATE_KEY_JWT and not proof.jwks:
        raise _refused("private_key_jwt needs jwks")
    if method is AuthMethod.TLS and not proof.tls_client_auth_subject_dn:
        # RFC 8705 §2.1.2: exactly one subject.
        raise _refused("tls_client_auth needs the subject of the certificate")
    if method is AuthMethod.SELF_SIGNED_TLS and not proof.tls_client_certificate_thumbprints:
        raise _refused("self_signed_tls_client_auth needs the certificate")
    needs_tls = method.is_tls or proof.tls_client_certificate_bound_access_tokens
    if needs_tls and not accepts_tls:
        raise _refused("certificates need HYGIE_TLS_CLIENT_CERT_HEADER and HYGIE_TRUSTED_PROXIES")


def check_subject_dn(proof: ClientProof, profile: Profile, *, accepts_tls: bool) -> None:
    """RFC 8705 §2.1.2: in the form of RFC 4514."""
    if not proof.tls_client_auth_subject_dn:
        return
    if len(proof.tls_client_auth_subject_dn) > LONGEST_SUBJECT:
        raise _refused(f"the subject is longer than {LONGEST_SUBJECT} characters")
    try:
        x509.Name.from_rfc4514_string(proof.tls_client_auth_subject_dn)
    except ValueError as error:
        raise _refused("the subject is not in the form of RFC 4514 (CN=…,O=…,C=FR)") from error


def check_keys(proof: ClientProof, profile: Profile, *, accepts_tls: bool) -> None:
    if proof.jwks:
        check_jwks(proof.jwks)


def check_grants(proof: ClientProof, profile: Profile, *, accepts_tls: bool) -> None:
    """RFC 7591 §2.1: grants that go together."""
    if not proof.grant_types:
        raise _refused("at least one grant type is needed")
    if unknown := set(proof.grant_types) - set(GRANT_TYPES):
        raise _refused(f"unknown grant types: {sorted(unknown)}")
    if set(proof.grant_types) == {"refresh_token"}:
        raise _refused("refresh_token goes with a grant that gives one")


def check_binding(proof: ClientProof, profile: Profile, *, accepts_tls: bool) -> None:
    """FAPI 2.0 Security Profile §5.3.2.1: only tokens that are bound to their sender."""
    is_dpop = proof.dpop_bound_access_tokens
    is_tls = proof.tls_client_certificate_bound_access_tokens
    if profile.requires_sender_constraint and not (is_dpop or is_tls):
        raise _refused("this profile needs tokens bound by DPoP or by a certificate")
    if is_dpop and is_tls:
        raise _refused("tokens are bound by DPoP or by a certificate, not both")


CHECKS = (check_method, check_subject_dn, check_keys, check_grants, check_binding)


def check_proof(proof: ClientProof, *, profile: Profile, accepts_tls: bool) -> None:
    """Raises the first refusal, for the operator who registers."""
    for check in CHECKS:
        check(proof, profile, accepts_tls=accepts_tls)


def check_id_token_alg(alg: str, *, profile: Profile, known: tuple[str, ...]) -> None:
    """Registration §2 `id_token_signed_response_alg`; FAPI §5.4.1 leaves RS256 out."""
    if alg not in known:
        raise _refused(f"id_token_signed_response_alg: one of {', '.join(known)}")
    if alg not in profile.client_algs:
        raise _refused("id_token_signed_response_alg: not with this profile")
