"""A provider for the portal's tests: what lies outside the portal, on a real HTTP port.

Each test starts from answers that are right and changes one thing.
"""

import base64
import hashlib
import json
import threading
import time
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID = "demo-portal"
CLIENT_SECRET = "s3cret"
SUBJECT = "00000000-0000-4000-8000-000000000011"
REALM = "/auth/realms/esante-wallet"


@cache
def _key(kid: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})


@dataclass
class Issuer:
    """The knobs a test turns, and what the provider saw."""

    url: str
    key: RSAKey = field(default_factory=lambda: _key("k1"))
    published: list[dict[str, Any]] = field(default_factory=list)
    discovery: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    token_error: tuple[int, dict[str, str]] | None = None
    algorithm: str = "RS256"
    typ: str = "JWT"
    nonce: str = ""
    challenge: str = ""
    requests: list[tuple[str, dict[str, str], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.publish(self.key)

    def publish(self, *keys: RSAKey) -> None:
        self.published = [key.as_dict(private=False) for key in keys]

    def rotate(self) -> None:
        self.key = _key("k2")
        self.publish(self.key)

    def sign(self, claims: dict[str, Any]) -> str:
        header = {"alg": self.algorithm, "kid": str(self.key.kid), "typ": self.typ}
        if self.algorithm == "HS256":
            # The classic confusion: the public key's own text used as a shared secret.
            secret = OctKey.import_key(json.dumps(self.published[0]))
            return jwt.encode(header, claims, secret, algorithms=["HS256"])
        if self.algorithm == "none":
            parts = [json.dumps({"alg": "none"}), json.dumps(claims)]
            return ".".join([*(_b64(part.encode()) for part in parts), ""])
        return jwt.encode(header, claims, self.key, algorithms=[self.algorithm])

    def document(self) -> dict[str, Any]:
        endpoints = f"{self.url}/protocol/openid-connect"
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/auth",
            "token_endpoint": f"{endpoints}/token",
            "userinfo_endpoint": f"{endpoints}/userinfo",
            "end_session_endpoint": f"{endpoints}/logout",
            "jwks_uri": f"{endpoints}/certs",
            # As Pro Santé Connect publishes it, HS256 included.
            "id_token_signing_alg_values_supported": ["RS256", "HS256"],
            "authorization_response_iss_parameter_supported": True,
            **self.discovery,
        }

    def answer_token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        if self.token_error:
            return self.token_error
        if form["grant_type"] == "authorization_code":
            digest = hashlib.sha256(form["code_verifier"].encode()).digest()
            if _b64(digest) != self.challenge or form["code"] != "the-code":
                return 400, {"error": "invalid_grant"}
        access_token = self.sign({"sub": SUBJECT, "typ": "Bearer", "exp": _in(120)})
        at_hash = _b64(hashlib.sha256(access_token.encode()).digest()[:16])
        claims = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "azp": CLIENT_ID,
            "sub": SUBJECT,
            "iat": _in(0),
            "exp": _in(120),
            "auth_time": 1795010700,
            "acr": "eidas2",
            "nonce": self.nonce,
            "at_hash": at_hash,
            "typ": "ID",
            **self.claims,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        answer = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": 120,
            "refresh_token": "refresh-1",
            "id_token": self.sign(claims),
            **self.tokens,
        }
        return 200, {name: value for name, value in answer.items() if value is not None}


def serve(userinfo: dict[str, Any]) -> tuple[Issuer, ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    issuer = Issuer(url=f"http://127.0.0.1:{server.server_address[1]}{REALM}", userinfo=userinfo)
    server.issuer = issuer  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    return issuer, server


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self._answer({name: values[0] for name, values in parse_qs(body).items()})

    def _answer(self, form: dict[str, str]) -> None:
        issuer: Issuer = self.server.issuer  # type: ignore[attr-defined]
        path = urlsplit(self.path).path.rsplit("/", 1)[1]
        issuer.requests.append((path, form, self.headers.get("Authorization", "")))
        status, document = 200, {}
        if path in {"openid-configuration", "wallet-openid-configuration"}:
            document = issuer.document()
        elif path == "certs":
            document = {"keys": issuer.published}
        elif path == "userinfo":
            document = issuer.userinfo
        else:
            status, document = issuer.answer_token(form)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


def _in(seconds: int) -> int:
    return int(time.time()) + seconds


def _b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
