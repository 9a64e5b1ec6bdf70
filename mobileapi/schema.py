"""What the OpenAPI document says beyond members: signatures, signed bytes (loaded by the app)."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

DESCRIPTION = """
What an e-CPS application does, from the activation to an approval. Bytes are base64url without
padding; `‖` joins bytes; JCS is RFC 8785; ES256 signatures are raw `r ‖ s`, 64 bytes; UUIDs in
signed bytes are their 36 lower-case ASCII characters. Vectors: `tests/vectors/ecps/`.

**Activation.** `claim` with the QR token (after `#e=`) or the typed code; ask « is it you? » with
the masked name; make an instance key (P-256, not extractable) and either a passkey with the given
options or a PIN key (Ed25519); hand both in with `keys`. `instance_signature` is ES256 over

    T = SHA-256("ecps-enrol-v1" 00 ‖ L(enrolment_id) ‖ L(nonce) ‖ L(credential_id)
                ‖ L(credential_public) ‖ L(instance_public)),  L(x) = 4-byte length ‖ x

with the passkey's id and SubjectPublicKeyInfo, or an empty id and the 32 bytes of the PIN key, and
the instance key as an uncompressed point. Show the six digits
`int(SHA-256("ecps-fingerprint-v1" 00 ‖ T)[0:8]) mod 1000000`, computed from your own keys: the
person types them on the workstation. Then the device is active.

**Approval.** Show a request from the list; send the number the person types (`challenge`); sign

    C = SHA-256("ecps-approval-v1" 00 ‖ nonce ‖ JCS(context with "decision": "approve"))

where the context is rebuilt from what is displayed: `v` (1), `id`, `client_id`, `rp_name`,
`rp_host`, `acr` (the level), `browser`, `place`, `iat`, `exp`, `number`, `device_id`, and
`binding_message` where it is not empty. Refuse to sign when it differs from the one answered.
Passkey: the WebAuthn challenge is C and `instance_signature` covers C ‖ assertion signature. PIN
key: `instance_signature` covers C and `pin_signature` (Ed25519) covers C ‖ instance_signature. A
refusal signs the same with an empty `number`, a nonce of your own and the decision
`deny:changed_mind` or `deny:not_me`. Where `number_length` is 0 no number is typed: send and sign
an empty one.

**WebSocket** `/ws/device`: send `{"type": "hello", "device_id", "proof"}` with a proof for GET of
that address; `{"type": "state", "device", "requests"}` comes at once and at each change. Closed
with 4401 (wrong proof), 4403 (revoked or blocked) or 4408 (no hello within ten seconds).
"""


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
