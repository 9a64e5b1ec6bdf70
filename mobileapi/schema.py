"""How device-signed requests are described in the OpenAPI document (loaded by the app)."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension


class DeviceAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Device …` with a `DPoP` header."""

    target_class = "mobileapi.authentication.DeviceAuthentication"
    name = "device"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": (
                "`Device <device_id>`, with a `DPoP` header: a JWT (RFC 9449) signed ES256 by the "
                "instance key, typ `dpop+jwt`, header `jwk`, claims `jti`, `htm`, `htu`, `iat`, "
                "`nonce`, and `bh` = base64url(SHA-256(body)). Without a fresh nonce the answer is "
                "401 `use_dpop_nonce` with a `DPoP-Nonce` header: sign again with it, once."
            ),
        }
