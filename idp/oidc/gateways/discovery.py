"""The discovery document as bytes: built once a process."""

from functools import cache

from django.conf import settings

from idp.login.methods import installed_methods
from idp.login.rules.levels import Level
from idp.oidc.gateways.keys import SIGNING_ALGS, Published, published
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.discovery import discovery_document


@cache
def discovery() -> Published:
    """Its acr values are those that some means of login reaches."""
    levels = tuple(
        str(level)
        for level in Level
        if any(method.level.reaches(level) for method in installed_methods())
    )
    return published(
        discovery_document(
            base_url=settings.HYGIE.base_url,
            issuer=settings.HYGIE.issuer,
            acr_values=levels,
            id_token_algs=SIGNING_ALGS,
            tls=_tls_methods(),
            accepts_registrations=settings.HYGIE.accepts_registrations,
        )
    )


def _tls_methods() -> tuple[AuthMethod, ...]:
    if not settings.HYGIE.accepts_client_certificates:
        return ()
    if settings.HYGIE.tls_client_authorities is None:
        return (AuthMethod.SELF_SIGNED_TLS,)
    return (AuthMethod.TLS, AuthMethod.SELF_SIGNED_TLS)
