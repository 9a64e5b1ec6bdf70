"""A phone in software that speaks the mobile API, through Django's test client or over HTTP.

phone = SoftPhone(client)                 # or SoftPhone(HttpTransport("http://localhost:8000"))
digits = phone.enrol(code="ABCDE-FGHJK")  # typed on the PC's page, the phone is active
phone.approve(phone.requests()[0]["id"], number="47")
"""

import hashlib
import json
import secrets
import time
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.test import Client

from idp.enrollment.rules.approval import Decision, approval_challenge
from idp.enrollment.rules.encoding import b64u, from_b64u
from idp.enrollment.rules.transcript import Transcript, fingerprint
from tests.emulators.authenticator import SoftAuthenticator, signature_of
from tests.emulators.transport import Answer, ClientTransport, Transport, expect_ok

PIN_ROUNDS = 600_000
API = "/api/v1"


class InstanceKey:
    """The key of one installation: P-256, raw signatures as WebCrypto makes them."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    @property
    def jwk(self) -> dict[str, str]:
        return {
            "kty": "EC",
            "crv": "P-256",
            "x": b64u(self.point[1:33]),
            "y": b64u(self.point[33:]),
        }

    def sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def proof(self, claims: dict[str, Any], **header: Any) -> str:
        """A DPoP proof (RFC 9449 §4.2)."""
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": self.jwk, **header}
        signed = f"{b64u(json.dumps(head).encode())}.{b64u(json.dumps(claims).encode())}"
        return f"{signed}.{b64u(self.sign(signed.encode()))}"


class PinBox:
    """What a phone keeps of a PIN key: salt and seed ⊕ KDF(PIN). Any PIN opens it to some key."""

    def __init__(self, pin: str, *, rounds: int = PIN_ROUNDS) -> None:
        self.salt, self.rounds = secrets.token_bytes(16), rounds
        seed = secrets.token_bytes(32)
        self.blob = self._mask(seed, pin)
        self.public_key = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()

    def _mask(self, value: bytes, pin: str) -> bytes:
        pad = hashlib.pbkdf2_hmac("sha256", pin.encode(), self.salt, self.rounds)
        return bytes(a ^ b for a, b in zip(value, pad, strict=True))

    def sign(self, message: bytes, pin: str) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(self._mask(self.blob, pin)).sign(message)


class SoftPhone:
    """One installation of the application. `kind`: passkey or pin."""

    def __init__(
        self,
        reach: Client | Transport,
        *,
        kind: str = "passkey",
        pin: str = "739204",
        label: str = "Pixel 7 · Chrome",
        pin_rounds: int = PIN_ROUNDS,
    ) -> None:
        self.transport: Transport = ClientTransport(reach) if isinstance(reach, Client) else reach
        self.kind, self.pin, self.label, self.pin_rounds = kind, pin, label, pin_rounds
        self.instance = InstanceKey()
        self.passkey = SoftAuthenticator(origin=self.transport.base_url)
        self.pin_box: PinBox | None = None
        self.device_id = ""
        self.nonce = ""

    # --- The wire ------------------------------------------------------------------------------
    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """An unsigned call; a problem raises `RefusedError`."""
        return expect_ok(self.transport.send(method, API + path, {}, _json(body)))

    def signed_call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """A device-signed call; repeated once when the server wants its own nonce."""
        answer = self.send_signed(method, path, body)
        if answer.status == 401 and answer.body["code"] == "use_dpop_nonce":
            answer = self.send_signed(method, path, body)
        return expect_ok(answer)

    def send_signed(
        self,
        method: str,
        path: str,
        body: dict[str, Any] | None = None,
        *,
        header: dict[str, Any] | None = None,
        **claims: Any,
    ) -> Answer:
        """One signed request, whatever comes back; `claims` and `header` bend the proof."""
        content = _json(body)
        proof = self.instance.proof(
            {**self.proof_claims(method, API + path, content), **claims}, **(header or {})
        )
        headers = {"Authorization": f"Device {self.device_id}", "DPoP": proof}
        answer = self.transport.send(method, API + path, headers, content)
        self.nonce = answer.headers.get("dpop-nonce", self.nonce)
        return answer

    def proof_claims(self, method: str, path: str, content: bytes = b"") -> dict[str, Any]:
        return {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": self.transport.base_url + path,
            "iat": int(time.time()),
            "nonce": self.nonce,
            "bh": b64u(hashlib.sha256(content).digest()),
        }

    def fetch_nonce(self) -> str:
        self.nonce = self.call("POST", "/nonce")["nonce"]
        return self.nonce

    # --- Enrolment -----------------------------------------------------------------------------
    def enrol(self, *, code: str = "", token: str = "") -> str:
        """Claims, makes the keys, hands them in; returns the six digits the phone shows."""
        claimed = self.claim(code=code, token=token)
        keys, digits = self.make_keys(claimed)
        self.submit_keys(claimed["enrolment_id"], keys)
        return digits

    def claim(self, *, code: str = "", token: str = "") -> dict[str, Any]:
        claimed: dict[str, Any] = self.call(
            "POST", "/enrolments/claim", {"code": code} if code else {"token": token}
        )
        return claimed

    def make_keys(self, claimed: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """The body of /keys, and the digits."""
        passkey = pin_key = None
        if self.kind == "passkey":
            passkey = self.passkey.create(claimed["webauthn"])
            credential = self.passkey.credential_id, self.passkey.public_key_info
        else:
            self.pin_box = PinBox(self.pin, rounds=self.pin_rounds)
            pin_key = {"public_key": b64u(self.pin_box.public_key)}
            credential = b"", self.pin_box.public_key
        transcript = Transcript(
            enrolment_id=claimed["enrolment_id"],
            nonce=from_b64u(claimed["nonce"]),
            credential_id=credential[0],
            credential_public=credential[1],
            instance_public=self.instance.point,
        ).digest()
        keys = {
            "claim_secret": claimed["claim_secret"],
            "label": self.label,
            "instance_key": self.instance.jwk,
            "passkey": passkey,
            "pin_key": pin_key,
            "instance_signature": b64u(self.instance.sign(transcript)),
        }
        return keys, fingerprint(transcript)

    def submit_keys(self, enrolment_id: str, keys: dict[str, Any]) -> None:
        self.device_id = self.call("POST", f"/enrolments/{enrolment_id}/keys", keys)["device_id"]

    # --- Life ----------------------------------------------------------------------------------
    def me(self) -> dict[str, Any]:
        device: dict[str, Any] = self.signed_call("GET", "/devices/me")
        return device

    def requests(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.signed_call("GET", "/requests")["requests"]
        return found

    def displayed(self, request: dict[str, Any], *, number: str) -> dict[str, str | int]:
        """The context as this phone displays it: rebuilt from the list, never taken over."""
        return {
            "v": 1,
            "id": request["id"],
            "client_id": request["client_id"],
            "rp_name": request["portal"]["name"],
            "rp_host": request["portal"]["host"],
            "acr": request["level"],
            "browser": request["browser"],
            "place": request["place"],
            "iat": request["iat"],
            "exp": request["exp"],
            "number": number,
            "device_id": self.device_id,
            **{name: request[name] for name in ("binding_message", "means") if request[name]},
        }

    def scan(self, *, token: str = "", code: str = "") -> dict[str, Any]:
        """Reads the code of a login page: the request that it opened."""
        read = {"code": code} if code else {"token": token}
        scanned: dict[str, Any] = self.signed_call("POST", "/requests/scan", read)
        return scanned

    def challenge(self, request_id: str, *, number: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.signed_call(
            "POST", f"/requests/{request_id}/challenge", {"number": number}
        )
        return answer

    def approval(
        self, request: dict[str, Any], challenge: dict[str, Any], *, number: str, pin: str = ""
    ) -> dict[str, Any]:
        """The body of /approve, signed over what is displayed."""
        digest = approval_challenge(
            nonce=from_b64u(challenge["nonce"]),
            context=self.displayed(request, number=number),
            decision=Decision.APPROVE,
        )
        if self.kind == "passkey":
            assertion = self.passkey.get(challenge["webauthn"], challenge=digest)
            signature = self.instance.sign(digest + signature_of(assertion))
            return {
                "assertion": assertion,
                "pin_signature": None,
                "instance_signature": b64u(signature),
            }
        assert self.pin_box is not None
        signature = self.instance.sign(digest)
        return {
            "assertion": None,
            "pin_signature": b64u(self.pin_box.sign(digest + signature, pin or self.pin)),
            "instance_signature": b64u(signature),
        }

    def approve(self, request_id: str, *, number: str, pin: str = "") -> None:
        """The whole of it: list, number, signatures."""
        request = next(one for one in self.requests() if one["id"] == request_id)
        challenge = self.challenge(request_id, number=number)
        body = self.approval(request, challenge, number=number, pin=pin)
        self.signed_call("POST", f"/requests/{request_id}/approve", body)

    def deny(self, request_id: str, *, reason: str = "changed_mind") -> None:
        request = next(one for one in self.requests() if one["id"] == request_id)
        self.signed_call("POST", f"/requests/{request_id}/deny", self.denial(request, reason))

    def denial(self, request: dict[str, Any], reason: str) -> dict[str, Any]:
        """The body of /deny."""
        nonce = secrets.token_bytes(32)
        digest = approval_challenge(
            nonce=nonce,
            context=self.displayed(request, number=""),
            decision=Decision(f"deny:{reason}"),
        )
        return {
            "reason": reason,
            "nonce": b64u(nonce),
            "instance_signature": b64u(self.instance.sign(digest)),
        }


def _json(body: dict[str, Any] | None) -> bytes:
    return b"" if body is None else json.dumps(body).encode()
