"""The discovery document: PSC's keys, and only what works (RFC 9700 §2.6)."""

from typing import Any

from idp.oidc.rules.answers import ENCRYPTION_ALGS, ENCRYPTION_ENCS, SubjectType
from idp.oidc.rules.checks import PROMPTS, RESPONSE_MODES
from idp.oidc.rules.ciba_request import DELIVERY_MODES
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.client_proof import GRANT_TYPES
from idp.oidc.rules.discovery_proofs import proof_metadata
from idp.oidc.rules.scopes import SCOPES


def discovery_document(
    *,
    base_url: str,
    issuer: str,
    acr_values: tuple[str, ...],
    id_token_algs: tuple[str, ...],
    tls: tuple[AuthMethod, ...] = (),
    accepts_registrations: bool = False,
) -> dict[str, Any]:
    """OIDC Discovery §3, RFC 8414 §2, RFC 9207 §3, RP-Initiated Logout §2.1.

    `tls`: methods of client authentication by certificate that this deployment accepts.
    """
    endpoints = f"{issuer}/protocol/openid-connect"
    document: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{base_url}/auth",
        "token_endpoint": f"{endpoints}/token",
        "introspection_endpoint": f"{endpoints}/token/introspect",
        "userinfo_endpoint": f"{endpoints}/userinfo",
        "end_session_endpoint": f"{endpoints}/logout",
        "jwks_uri": f"{endpoints}/certs",
        "revocation_endpoint": f"{endpoints}/revoke",
        "pushed_authorization_request_endpoint": f"{endpoints}/ext/par/request",
        "backchannel_authentication_endpoint": f"{endpoints}/ext/ciba/auth",
        "backchannel_token_delivery_modes_supported": list(DELIVERY_MODES),
        "backchannel_user_code_parameter_supported": False,
        "grant_types_supported": list(GRANT_TYPES),
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "prompt_values_supported": sorted(PROMPTS),
        "subject_types_supported": [str(kind) for kind in SubjectType],
        "acr_values_supported": list(acr_values),
        "id_token_signing_alg_values_supported": list(id_token_algs),
        "id_token_encryption_alg_values_supported": list(ENCRYPTION_ALGS),
        "id_token_encryption_enc_values_supported": list(ENCRYPTION_ENCS),
        "userinfo_signing_alg_values_supported": list(id_token_algs),
        "userinfo_encryption_alg_values_supported": list(ENCRYPTION_ALGS),
        "userinfo_encryption_enc_values_supported": list(ENCRYPTION_ENCS),
        # `plain` works for portals of the psc profile only: the metadata says what all may use.
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
        "claim_types_supported": ["normal"],
        "claims_supported": sorted(
            {"acr", "amr", "aud", "auth_time", "exp", "iat", "iss", "nonce", "sid"}.union(
                *SCOPES.values()
            )
        ),
        "claims_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "ui_locales_supported": ["fr", "en"],
        "authorization_response_iss_parameter_supported": True,
    }
    if accepts_registrations:
        document["registration_endpoint"] = f"{issuer}/clients-registrations/openid-connect"
    return {**document, **proof_metadata(endpoints=document, tls=tls)}
