"""The phone of the bench: a passkey and an instance key in software, put straight into the data."""

import hashlib
import json
import secrets
import time
from typing import Any
from uuid import UUID

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from idp.core import clock
from idp.enrollment.gateways.device_keys import InstanceKey
from idp.enrollment.models import ApprovalRequest, Device, PasskeyCredential
from idp.enrollment.rules.approval import Decision, approval_challenge
from idp.enrollment.rules.encoding import b64u, from_b64u
from idp.enrollment.rules.states import DeviceKind, DeviceState

LABEL = "bench"
# User present and verified (WebAuthn §6.1).
_FLAGS = b"\x05"


class BenchPhone:
    """Active from the start; `call` is how it reaches the provider."""

    def __init__(self, *, holder_id: UUID, base_url: str) -> None:
        self.base_url = base_url
        self._instance = ec.generate_private_key(ec.SECP256R1())
        self._passkey = ec.generate_private_key(ec.SECP256R1())
        self._credential_id = secrets.token_bytes(32)
        self._count = 0
        self.nonce = ""
        Device.objects.filter(holder_id=holder_id, label=LABEL).delete()
        now = clock.now()
        self.device = Device.objects.create(
            holder_id=holder_id,
            label=LABEL,
            kind=DeviceKind.PASSKEY,
            state=DeviceState.ACTIVE,
            instance_key=_point(self._instance),
            instance_thumbprint=InstanceKey.from_point(_point(self._instance)).thumbprint,
            created_at=now,
            activated_at=now,
            valid_until=now + settings.HYGIE.lifetimes.device,
        )
        PasskeyCredential.objects.create(
            device=self.device,
            credential_id=self._credential_id,
            public_key=_cose(self._passkey),
            sign_count=0,
            aaguid="00000000-0000-0000-0000-000000000000",
            attestation_format="none",
            attested=False,
            backup_eligible=False,
            backed_up=False,
        )

    def headers(self, method: str, path: str, body: bytes) -> dict[str, str]:
        """A request signed by the device (RFC 9449, with `bh`)."""
        x, y = _point(self._instance)[1:33], _point(self._instance)[33:]
        jwk = {"kty": "EC", "crv": "P-256", "x": b64u(x), "y": b64u(y)}
        head = {"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}
        claims = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": f"{self.base_url}{path}",
            "iat": int(time.time()),
            "nonce": self.nonce,
            "bh": b64u(hashlib.sha256(body).digest()),
        }
        signed = f"{b64u(json.dumps(head).encode())}.{b64u(json.dumps(claims).encode())}"
        proof = f"{signed}.{b64u(self._sign(signed.encode()))}"
        return {"Authorization": f"Device {self.device.pk}", "DPoP": proof}

    def approval(self, request: ApprovalRequest, challenge: dict[str, Any], number: str) -> bytes:
        """The body of /approve."""
        digest = approval_challenge(
            nonce=from_b64u(challenge["nonce"]),
            context=request.context(number=number, device_id=self.device.pk),
            decision=Decision.APPROVE,
        )
        self._count += 1
        host = settings.HYGIE.rp_id.encode()
        data = hashlib.sha256(host).digest() + _FLAGS + self._count.to_bytes(4, "big")
        said = {"type": "webauthn.get", "challenge": b64u(digest), "origin": self.base_url}
        client_data = json.dumps(said).encode()
        signature = self._passkey.sign(
            data + hashlib.sha256(client_data).digest(), ec.ECDSA(SHA256())
        )
        assertion = {
            "id": b64u(self._credential_id),
            "rawId": b64u(self._credential_id),
            "type": "public-key",
            "response": {
                "clientDataJSON": b64u(client_data),
                "authenticatorData": b64u(data),
                "signature": b64u(signature),
            },
        }
        mine = b64u(self._sign(digest + signature))
        answer = {"assertion": assertion, "pin_signature": None, "instance_signature": mine}
        return json.dumps(answer).encode()

    def _sign(self, message: bytes) -> bytes:
        r, s = decode_dss_signature(self._instance.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _cose(key: ec.EllipticCurvePrivateKey) -> bytes:
    """RFC 9053 §7.1.1."""
    point = _point(key)
    return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
