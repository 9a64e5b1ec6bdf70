"""A registered portal as a document with RFC 7591's names: for the operator, and for the portal."""

from typing import Any

from idp.oidc.models import Client
from idp.oidc.rules.ciba_request import CIBA_GRANT


def client_document(client: Client) -> dict[str, Any]:
    """Everything but the secret and its digest; what was not chosen is left out."""
    return {
        "client_id": client.client_id,
        "client_name": client.name,
        "profile": client.profile_name,
        "redirect_uris": client.redirect_uris,
        "post_logout_redirect_uris": client.post_logout_redirect_uris,
        "scope": " ".join(client.scopes),
        "may_introspect": client.introspects,
        "id_token_signed_response_alg": client.id_token_alg,
        "ecps_policy": client.ecps_policy,
        **({"practice_choice": True} if client.practice_choice else {}),
        **({"may_look_up": True} if client.may_look_up else {}),
        **_proof(client),
        **_choices(client),
        **_ciba(client),
        "is_enabled": client.is_enabled,
        "is_sandbox": client.is_sandbox,
    }


def _proof(client: Client) -> dict[str, Any]:
    """RFC 8705, RFC 9126 and RFC 9449's names among them."""
    told = {
        "jwks": client.jwks,
        "tls_client_auth_subject_dn": client.tls_client_auth_subject_dn,
        "tls_client_certificate_thumbprints": client.tls_client_certificate_thumbprints,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens,
        "tls_client_certificate_bound_access_tokens": (
            client.tls_client_certificate_bound_access_tokens
        ),
        "require_pushed_authorization_requests": client.must_push_requests,
    }
    return {
        "token_endpoint_auth_method": client.auth_method,
        "grant_types": client.grant_types,
        **{name: value for name, value in told.items() if value},
    }


def _choices(client: Client) -> dict[str, Any]:
    told = {
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "backchannel_logout_session_required": client.backchannel_logout_session_required,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "frontchannel_logout_session_required": client.frontchannel_logout_session_required,
        "id_token_encrypted_response_alg": client.id_token_encryption_alg,
        "id_token_encrypted_response_enc": client.id_token_encryption_enc,
        "userinfo_signed_response_alg": client.userinfo_alg,
        "userinfo_encrypted_response_alg": client.userinfo_encryption_alg,
        "userinfo_encrypted_response_enc": client.userinfo_encryption_enc,
        "userinfo_shape": client.userinfo_shape,
        "subject_type": client.subject_type,
        "sector_identifier": client.sector_identifier,
    }
    return {name: value for name, value in told.items() if value}


def _ciba(client: Client) -> dict[str, Any]:
    """CIBA §4 names, for a portal that registered the grant."""
    if not client.check_grant_type(CIBA_GRANT):
        return {}
    told = {
        "backchannel_token_delivery_mode": client.backchannel_token_delivery_mode,
        "backchannel_client_notification_endpoint": client.backchannel_client_notification_endpoint,
    }
    return {name: value for name, value in told.items() if value}
