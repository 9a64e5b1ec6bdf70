"""Tokens of forms that no token of an OpenID provider has: every reader refuses them."""

import base64
import json
from typing import Any

from joserfc import jwe
from joserfc.jwk import Key, RSAKey
from joserfc.jws import JWSRegistry

from idp.oidc.gateways import keys


def encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def unencoded_payload(claims: dict[str, Any], *, alg: str, kid: str | None, key: Key) -> list[str]:
    """RFC 7797 `b64: false`, which §7 forbids in a JWT, with signatures that hold.

    The payload is sent encoded and the raw one is signed; both are encoded; both are raw.
    """
    header = {"alg": alg, "kid": kid, "b64": False, "crit": ["b64"]}
    head = encoded(json.dumps(header).encode())
    raw = json.dumps(claims)
    wrapped = encoded(raw.encode())
    return [
        f"{head}.{sent}.{_signature(f'{head}.{signed}', alg=alg, key=key)}"
        for sent, signed in ((wrapped, raw), (wrapped, wrapped), (raw, raw))
    ]


def _signature(text: str, *, alg: str, key: Key) -> str:
    return encoded(JWSRegistry.algorithms[alg].sign(text.encode(), key))


def zipped(content: str) -> str:
    """A compressed JWE in five parts, for the public key that this provider publishes."""
    kid = keys.ring().signing["RS256"][0]
    published = keys.ring().verifying.get_by_kid(kid).as_dict(private=False)
    key = RSAKey.import_key({name: published[name] for name in ("kty", "n", "e")})
    header = {"alg": "RSA-OAEP", "enc": "A256GCM", "zip": "DEF", "cty": "JWT", "kid": kid}
    return jwe.encrypt_compact(header, content, key)
