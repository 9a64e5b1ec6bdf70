"""How a portal proves who it is, what it may ask tokens for, and what they are bound to."""

from typing import Any

from django.db import models

from idp.oidc.rules.client_credentials import AuthMethod


def default_grant_types() -> list[str]:
    """What every portal needs: a login, and its refresh."""
    return ["authorization_code", "refresh_token"]


class ProofColumns(models.Model):
    """RFC 7591 §2, RFC 8705 §2 and §3.4, RFC 9126 §6, RFC 9449 §5.2."""

    # Null: a client that has no secret proves itself by a key or a certificate.
    secret_digest = models.BinaryField(max_length=32, null=True)
    auth_method = models.CharField(
        max_length=40,
        default=AuthMethod.SECRET_BASIC,
        choices=[(str(method), str(method)) for method in AuthMethod],
    )
    # Public keys of its assertions and request objects (RFC 7517 §5).
    jwks: "models.JSONField[Any, Any]" = models.JSONField(default=dict)
    # RFC 8705 §2.1.2 and §2.2: whose certificate it shows, or which certificates.
    tls_client_auth_subject_dn = models.CharField(max_length=500, blank=True)
    tls_client_certificate_thumbprints: "models.JSONField[Any, Any]" = models.JSONField(
        default=list
    )
    grant_types: "models.JSONField[Any, Any]" = models.JSONField(default=default_grant_types)
    dpop_bound_access_tokens = models.BooleanField(default=False)
    tls_client_certificate_bound_access_tokens = models.BooleanField(default=False)
    require_pushed_authorization_requests = models.BooleanField(default=False)

    class Meta:
        abstract = True
