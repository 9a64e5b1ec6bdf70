"""The real reader over a real PKCS#11 module: SoftHSM2."""

import base64
from pathlib import Path
from typing import Any

import pytest
from cps_bridge import web_eid
from cps_bridge.errors import BridgeError, Code
from cps_bridge.pkcs11_module import find_module
from cps_bridge.pkcs11_reader import Pkcs11Reader
from cps_bridge.prompts.pin_file import PinFilePrompt
from cps_bridge.reader import CardState, Tries
from cryptography import x509

from tests.bridge.page import connected
from tests.bridge.pki import Pair, authentication_pair, ec_pair, signature_pair
from tests.bridge.scripted import CHALLENGE, ORIGIN, ScriptedPrompt, authenticate
from tests.emulators.softhsm import Entry, SoftToken, make_token


def entry(key_id: bytes, pair: Pair) -> Entry:
    return Entry(id=key_id, certificate=pair.certificate_pem, key=pair.key_pem)


def token_with(directory: Path, *pairs: Pair) -> SoftToken:
    entries = [entry(bytes([position]), pair) for position, pair in enumerate(pairs, start=1)]
    return make_token(directory, entries=entries)


def reader_of(token: SoftToken) -> Pkcs11Reader:
    return Pkcs11Reader(find_module=lambda: find_module(token.module))


def verified(token: dict[str, Any]) -> bool:
    certificate = x509.load_der_x509_certificate(base64.b64decode(token["unverifiedCertificate"]))
    return web_eid.signature_matches(
        certificate,
        signature=base64.b64decode(token["signature"]),
        message=web_eid.signed_message(origin=ORIGIN, challenge=CHALLENGE),
    )


@pytest.mark.parametrize(
    ("pair", "algorithm"), [(authentication_pair, "RS256"), (ec_pair, "ES256")]
)
def test_a_soft_token_answers_with_the_certificate_for_logging_in(
    tmp_path: Path, pair: Any, algorithm: str
) -> None:
    token = token_with(tmp_path, signature_pair(), pair())
    with token.visible_here():
        reader = reader_of(token)
        assert reader.status().card is CardState.PRESENT
        # Twice: the second challenge starts from a finalised module.
        for _ in range(2):
            answer = authenticate(reader, ScriptedPrompt("1234"))
            assert answer["algorithm"] == algorithm
            assert verified(answer)
            der = base64.b64decode(answer["unverifiedCertificate"])
            assert der == pair().certificate_der


def test_a_wrong_pin_is_told_and_warned_about_next_time(tmp_path: Path) -> None:
    token = token_with(tmp_path, authentication_pair())
    with token.visible_here():
        reader = reader_of(token)
        with pytest.raises(BridgeError) as refused:
            authenticate(reader, ScriptedPrompt("0000"))
        assert (refused.value.code, refused.value.low_tries) == (Code.PIN_INCORRECT, True)
        prompt = ScriptedPrompt("1234")
        assert verified(authenticate(reader, prompt))
        assert prompt.requests[0].tries is Tries.LOW


def test_a_soft_token_for_signing_only_is_refused(tmp_path: Path) -> None:
    token = token_with(tmp_path, signature_pair())
    with token.visible_here(), pytest.raises(BridgeError) as refused:
        authenticate(reader_of(token), ScriptedPrompt("1234"))
    assert refused.value.code is Code.NO_AUTH_CERTIFICATE


async def test_a_whole_login_over_the_socket_with_a_pin_file(
    tmp_path: Path, start_bridge: Any, http: Any
) -> None:
    token = token_with(tmp_path, authentication_pair())
    pin_file = tmp_path / "pin"
    pin_file.write_text("1234\n")
    with token.visible_here():
        port = await start_bridge(reader=reader_of(token), prompt=PinFilePrompt(pin_file))
        async with connected(http, port) as login:
            assert login.status == {"type": "status", "card": "present", "pin_pad": False}
            await login.ask()
            assert await login.next() == {"type": "progress", "state": "pin", "code": "0132"}
            message = await login.next()
    assert verified(message["token"])
