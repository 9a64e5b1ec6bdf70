"""What the discovery document says of keys, certificates, pushed requests and bound tokens."""

from typing import Any

from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.dpop import DPOP_ALGS
from idp.oidc.rules.profiles import PROFILES, ProfileName

# Every algorithm that some profile's portals may sign with; `fapi2` takes no RS256.
CLIENT_ALGS = PROFILES[ProfileName.STANDARD].client_algs
# RFC 8705 §5: endpoints that a portal calls with its certificate. Same addresses here, as at PSC.
MTLS_ENDPOINTS = (
    "token_endpoint",
    "introspection_endpoint",
    "revocation_endpoint",
    "userinfo_endpoint",
    "pushed_authorization_request_endpoint",
    "backchannel_authentication_endpoint",
)


def proof_metadata(*, endpoints: dict[str, str], tls: tuple[AuthMethod, ...]) -> dict[str, Any]:
    """RFC 8414 §2, RFC 9101 §10.5, RFC 9126 §5, RFC 9449 §5.1; RFC 8705 §3.3 where `tls` is on."""
    methods = [str(method) for method in AuthMethod if not method.is_tls or method in tls]
    told: dict[str, Any] = {
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "request_object_signing_alg_values_supported": list(CLIENT_ALGS),
        "backchannel_authentication_request_signing_alg_values_supported": list(CLIENT_ALGS),
        "require_pushed_authorization_requests": False,
        "dpop_signing_alg_values_supported": list(DPOP_ALGS),
    }
    for endpoint in ("token", "introspection", "revocation"):
        told[f"{endpoint}_endpoint_auth_methods_supported"] = methods
        told[f"{endpoint}_endpoint_auth_signing_alg_values_supported"] = list(CLIENT_ALGS)
    if tls:
        told["tls_client_certificate_bound_access_tokens"] = True
        told["mtls_endpoint_aliases"] = {name: endpoints[name] for name in MTLS_ENDPOINTS}
    return told
