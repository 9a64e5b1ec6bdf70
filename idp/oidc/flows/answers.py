"""Signs and encrypts what a portal gets, as it registered."""

import json
from typing import Any

from django.conf import settings

from idp.oidc.gateways import keys
from idp.oidc.gateways.encryption import encrypt
from idp.oidc.models import Client


def id_token_for(client: Client, claims: dict[str, Any]) -> str:
    """OIDC Core §2: signed, then encrypted where asked."""
    token = keys.sign(claims, alg=client.id_token_alg)
    if not client.id_token_encryption_alg:
        return token
    return encrypt(
        token,
        jwks=client.jwks,
        alg=client.id_token_encryption_alg,
        enc=client.id_token_encryption_enc,
    )


def userinfo_for(client: Client, claims: dict[str, Any]) -> dict[str, Any] | str:
    """OIDC Core §5.3.2: JSON, or a JWT (`application/jwt`)."""
    if client.userinfo_alg:
        # The claims `iss` and `aud` say of whom and for whom it is.
        told = {"iss": settings.HYGIE.issuer, "aud": client.client_id, **claims}
        signed = keys.sign(told, alg=client.userinfo_alg)
        return _encrypted(client, signed, is_signed=True)
    if client.userinfo_encryption_alg:
        return _encrypted(client, json.dumps(claims, ensure_ascii=False), is_signed=False)
    return claims


def _encrypted(client: Client, content: str, *, is_signed: bool) -> str:
    if not client.userinfo_encryption_alg:
        return content
    return encrypt(
        content,
        jwks=client.jwks,
        alg=client.userinfo_encryption_alg,
        enc=client.userinfo_encryption_enc,
        is_signed=is_signed,
    )
