"""Encrypts to a portal's own key (OIDC Core §10.2, RFC 7516)."""

from collections.abc import Mapping
from typing import Any

from joserfc import jwe
from joserfc.jwk import import_key

from idp.core.errors import IdpError
from idp.oidc.rules.client_choices import encryption_key


def encrypt(
    content: str, *, jwks: Mapping[str, Any], alg: str, enc: str, is_signed: bool = True
) -> str:
    """A JWE in compact form. IdpError where the portal has no key for it: never in clear then."""
    jwk = encryption_key(jwks, alg)
    if jwk is None:
        raise IdpError("server_error", "The client has no encryption key.", detail=alg, status=500)
    header = {"alg": alg, "enc": enc}
    if is_signed:
        # RFC 7519 §5.2: MUST be present in a nested JWT.
        header["cty"] = "JWT"
    if "kid" in jwk:
        header["kid"] = str(jwk["kid"])
    # Only what is public: an algorithm or a use written in the key has been looked at.
    public = {name: value for name, value in jwk.items() if name in _PUBLIC}
    return jwe.encrypt_compact(header, content.encode(), import_key(public), algorithms=[alg, enc])


_PUBLIC = frozenset({"kty", "n", "e", "crv", "x", "y"})
