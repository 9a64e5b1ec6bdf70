"""The signed bytes and the token, against the published vector."""

import base64
import hashlib

import pytest
from cps_bridge import web_eid
from cps_bridge.certificates import Algorithm
from cps_bridge.errors import BridgeError, Code
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding

from tests.bridge.pki import authentication_pair, pair, rsa_key

ORIGIN = "https://idp.example"
NONCE = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_the_signed_message_is_the_two_hashes_of_the_vector() -> None:
    message = web_eid.signed_message(origin=ORIGIN, challenge=NONCE)
    assert message.hex() == (
        "512a336b79b57eb3ade003f3f510bcac23fa4b0f0b964d02d92aa005d06b91c6"
        "905f28def18eaac05ae6f12b2c3452744afaf626da1343d57b395b544e0519b6"
    )
    assert hashlib.sha256(message).hexdigest() == (
        "5e27ab8ef34947aacbe5f0c740aff425e14c50acac9e61bd7807826e945d897c"
    )


def test_the_challenge_is_hashed_as_text_not_as_the_bytes_it_stands_for() -> None:
    decoded = hashlib.sha256(base64.b64decode(NONCE)).digest()
    assert decoded.hex().startswith("630dcd2966c4336691125448bbb25b4f")
    assert decoded not in web_eid.signed_message(origin=ORIGIN, challenge=NONCE)


def test_the_control_code_is_the_one_of_the_vector() -> None:
    assert web_eid.control_code(origin=ORIGIN, challenge=NONCE) == "0132"


def test_the_digest_info_is_51_bytes_that_verify_as_rs256() -> None:
    key = rsa_key()
    prepared = web_eid.digest_info(b"message")
    assert len(prepared) == 51
    signature = key.sign(b"message", padding.PKCS1v15(), hashes.SHA256())
    size = 256
    padded = b"\0\x01" + b"\xff" * (size - 3 - len(prepared)) + b"\0" + prepared
    numbers = key.public_key().public_numbers()
    assert pow(int.from_bytes(signature, "big"), numbers.e, numbers.n) == int.from_bytes(
        padded, "big"
    )


@pytest.mark.parametrize(
    "challenge",
    [
        "",
        "AAEC",
        "A" * 43,
        base64.b64encode(b"x" * 31).decode(),
        base64.b64encode(b"x" * 97).decode(),
        NONCE.replace("=", "-"),
        NONCE[:-1] + "\n",
        " " + NONCE,
        "é" * 44,
    ],
)
def test_a_challenge_that_is_short_long_or_not_base64_is_refused(challenge: str) -> None:
    with pytest.raises(BridgeError) as refused:
        web_eid.check_challenge(challenge)
    assert refused.value.code is Code.BAD_CHALLENGE


def test_challenges_of_32_to_96_bytes_are_accepted() -> None:
    web_eid.check_challenge(NONCE)
    web_eid.check_challenge(base64.b64encode(b"x" * 96).decode())


def test_a_signature_over_another_message_does_not_match() -> None:
    held = authentication_pair()
    signature = rsa_key().sign(b"one", padding.PKCS1v15(), hashes.SHA256())
    match = web_eid.signature_matches
    assert match(held.certificate, signature=signature, message=b"one")
    assert not match(held.certificate, signature=signature, message=b"two")


def test_an_ecdsa_signature_in_der_does_not_match() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    signature = key.sign(b"one", ec.ECDSA(hashes.SHA256()))
    certificate = pair(key).certificate
    assert not web_eid.signature_matches(certificate, signature=signature, message=b"one")


def test_the_token_has_exactly_the_five_keys_of_web_eid() -> None:
    held = authentication_pair()
    token = web_eid.write_token(held.certificate, algorithm=Algorithm.RS256, signature=b"\1\2")
    assert set(token) == {
        "format",
        "unverifiedCertificate",
        "algorithm",
        "signature",
        "appVersion",
    }
    assert token["format"] == "web-eid:1.0"
    assert token["algorithm"] == "RS256"
    assert token["signature"] == "AQI="
    assert base64.b64decode(token["unverifiedCertificate"]) == held.certificate_der
