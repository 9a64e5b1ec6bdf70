"""A portal that signs: assertions, request objects and DPoP proofs, as FAPI 2.0 portals do."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from idp.core import clock, secrets
from idp.directory.models import Person
from idp.oidc.flows.clients import ClientMetadata, add_client
from idp.oidc.rules.client_assertion import ASSERTION_TYPE
from idp.oidc.rules.client_credentials import AuthMethod
from idp.oidc.rules.client_proof import ClientProof
from idp.oidc.rules.profiles import ProfileName
from tests.oidc.portal import (
    FORM,
    PROTOCOL,
    REDIRECT_URI,
    VERIFIER,
    Browser,
    Portal,
    issuer,
    parameters_of,
)

PAR = "ext/par/request"
GRANTS = ("authorization_code", "refresh_token", "client_credentials")
KEYS: dict[str, Key] = {
    "ES256": ECKey.generate_key("P-256", {"kid": "ec"}, private=True),
    "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}, private=True),
    "RS256": RSAKey.generate_key(2048, {"kid": "rsa"}, private=True),
}
KEYS["PS256"] = KEYS["RS256"]
JWKS = {"keys": [KEYS[alg].as_dict(private=False) for alg in ("ES256", "EdDSA", "RS256")]}
PROOF_KEY = ECKey.generate_key("P-256", private=True)


def signed(header: dict[str, Any], claims: dict[str, Any], key: Key) -> str:
    """A compact JWS; None leaves a claim or a header member out."""
    kept = {name: value for name, value in claims.items() if value is not None}
    head = {name: value for name, value in header.items() if value is not None}
    registry = jws.JWSRegistry(algorithms=[head["alg"]], strict_check_header=False)
    return jws.serialize_compact(head, json.dumps(kept).encode(), key, registry=registry)


def unsigned(claims: dict[str, Any], *, alg: str = "none") -> str:
    """A JWT whose signature is empty."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': alg})}.{part(claims)}."


def dpop_proof(
    endpoint: str,
    *,
    key: Key = PROOF_KEY,
    method: str = "POST",
    access_token: str = "",
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """A proof for a call of this endpoint; `changes` and `header` edit it."""
    ath = base64.urlsafe_b64encode(hashlib.sha256(access_token.encode()).digest())
    claims = {
        "jti": secrets.new_token(),
        "htm": method,
        "htu": f"{issuer()}/protocol/openid-connect/{endpoint}",
        "iat": int(clock.now().timestamp()),
        "ath": ath.rstrip(b"=").decode() if access_token else None,
        **changes,
    }
    head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": key.as_dict(private=False)}
    return signed({**head, **(header or {})}, claims, key)


@dataclass
class SigningPortal(Portal):
    """Authenticates by private_key_jwt, and proves a key by DPoP."""

    nonce: str = field(default="")

    def assertion(self, alg: str = "ES256", key: Key | None = None, **changes: Any) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.client.client_id,
            "sub": self.client.client_id,
            "aud": issuer(),
            "jti": secrets.new_token(),
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        used = key or KEYS[alg]
        return signed({"alg": alg, "kid": used.kid}, claims, used)

    def authenticated(self, assertion: str | None = None) -> dict[str, str]:
        return {
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion or self.assertion(),
        }

    def request_object(self, alg: str = "ES256", key: Key | None = None, **changes: Any) -> str:
        now = int(clock.now().timestamp())
        claims = {
            "iss": self.client.client_id,
            "aud": issuer(),
            "nbf": now,
            "exp": now + 300,
            **self.request,
            **changes,
        }
        used = key or KEYS[alg]
        header = {"alg": alg, "kid": used.kid, "typ": "oauth-authz-req+jwt"}
        return signed(header, claims, used)

    def proof(self, endpoint: str, **changes: Any) -> str:
        return dpop_proof(endpoint, **{"nonce": self.nonce or None, **changes})

    def send(
        self, endpoint: str, form: Mapping[str, str | None], *, dpop: str | None = None
    ) -> Any:
        """A POST without secret; an assertion is added unless the form brings one.

        `dpop` None: a right proof; `""`: none.
        """
        values = {"client_id": self.client.client_id, **self.authenticated(), **form}
        sent = {name: value for name, value in values.items() if value is not None}
        headers: dict[str, Any] = {}
        proof = self.proof(endpoint) if dpop is None else dpop
        if proof:
            headers["HTTP_DPOP"] = proof
        response = Browser().post(
            f"{PROTOCOL}/{endpoint}", urlencode(sent), content_type=FORM, **headers
        )
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response

    def with_nonce(self) -> None:
        """One refused call, as a portal learns its first nonce."""
        assert self.send("token", {"grant_type": "client_credentials"}).status_code in (200, 400)
        assert self.nonce

    def push(self, *, dpop: str | None = "", **changes: str | None) -> Any:
        return self.send(PAR, {**self.request, **changes}, dpop=dpop)

    def pushed(self, **changes: str | None) -> str:
        response = self.push(**changes)
        assert response.status_code == 201, response.content
        return str(response.json()["request_uri"])

    def visit(self, request_uri: str, **more: str) -> Any:
        query = {"client_id": self.client.client_id, "request_uri": request_uri, **more}
        return self.browser.get(f"/auth?{urlencode(query)}")

    def code_pushed(self, person: Person, **changes: str | None) -> str:
        response = self.visit(self.pushed(**changes))
        if "/login/" in response["Location"]:
            response = self.log_in(response, person)
        return parameters_of(response)["code"]

    def redeem_signed(self, code: str, *, dpop: str | None = None, **changes: str | None) -> Any:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.send("token", form, dpop=dpop)

    def bound_tokens(self, person: Person) -> dict[str, Any]:
        response = self.redeem_signed(self.code_pushed(person))
        assert response.status_code == 200, response.content
        answer: dict[str, Any] = response.json()
        return answer

    def refresh_signed(self, refresh_token: str, *, dpop: str | None = None) -> Any:
        form: dict[str, str | None] = {
            "grant_type": "refresh_token",
            "refresh_token": refresh_token,
        }
        return self.send("token", form, dpop=dpop)

    def resource(self, access_token: str, *, scheme: str = "DPoP", **changes: Any) -> Any:
        """A call of userinfo with a proof; `proof` replaces it."""
        proof = changes.pop("proof", None)
        if proof is None:
            proof = self.proof("userinfo", method="GET", access_token=access_token, **changes)
        headers: dict[str, Any] = {"HTTP_AUTHORIZATION": f"{scheme} {access_token}"}
        if proof:
            headers["HTTP_DPOP"] = proof
        response = Browser().get(f"{PROTOCOL}/userinfo", **headers)
        self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response


def signing_portal(
    client_id: str = "portail-fapi",
    *,
    profile: ProfileName = ProfileName.FAPI2,
    redirect_uris: tuple[str, ...] = (REDIRECT_URI,),
    **proof: Any,
) -> SigningPortal:
    """Registered with the keys above."""
    values = {
        "token_endpoint_auth_method": AuthMethod.PRIVATE_KEY_JWT,
        "jwks": JWKS,
        "grant_types": GRANTS,
        "dpop_bound_access_tokens": profile is ProfileName.FAPI2,
        **proof,
    }
    client, _secret = add_client(
        metadata=ClientMetadata(
            client_id=client_id,
            name="Portail signataire",
            redirect_uris=redirect_uris,
            profile=profile,
            proof=ClientProof(**values),
            id_token_alg="ES256",
        )
    )
    return SigningPortal(client)


def assert_error(response: Any, *errors: str) -> None:
    assert response.status_code in (400, 401), response.content
    assert response.json()["error"] in errors, response.content
