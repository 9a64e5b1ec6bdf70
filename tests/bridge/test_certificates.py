"""Which certificate of a card may answer a login."""

from datetime import UTC, datetime

import pytest
from cps_bridge.certificates import (
    Algorithm,
    StoredCertificate,
    choose_authentication_certificate,
    holder_name,
)
from cps_bridge.errors import BridgeError, Code
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.bridge.pki import Pair, authentication_pair, ec_pair, pair, rsa_key, signature_pair


def choose(*pairs: Pair) -> bytes:
    stored = [
        StoredCertificate(key_id=bytes([position]), der=held.certificate_der)
        for position, held in enumerate(pairs)
    ]
    return choose_authentication_certificate(stored, now=datetime.now(UTC)).key_id


def refusal(*pairs: Pair) -> Code:
    with pytest.raises(BridgeError) as refused:
        choose(*pairs)
    return refused.value.code


def test_the_authentication_certificate_is_chosen_by_usage_not_by_position() -> None:
    assert choose(signature_pair(), authentication_pair()) == b"\1"
    assert choose(authentication_pair(), signature_pair()) == b"\0"


def test_a_signature_only_card_is_refused() -> None:
    assert refusal(signature_pair()) is Code.NO_AUTH_CERTIFICATE


def test_an_empty_card_is_refused() -> None:
    assert refusal() is Code.NO_AUTH_CERTIFICATE


def test_digital_signature_without_client_auth_is_refused() -> None:
    held = pair(rsa_key(), digital_signature=True, client_auth=False)
    assert refusal(held) is Code.NO_AUTH_CERTIFICATE


def test_client_auth_without_digital_signature_is_refused() -> None:
    held = pair(rsa_key(), digital_signature=False, client_auth=True)
    assert refusal(held) is Code.NO_AUTH_CERTIFICATE


def test_an_rsa_key_under_2048_bits_is_unsupported() -> None:
    assert refusal(pair(rsa_key("short", 1024))) is Code.UNSUPPORTED_KEY


def test_another_curve_than_p256_is_unsupported() -> None:
    held = pair(ec.generate_private_key(ec.SECP384R1()))
    assert refusal(held) is Code.UNSUPPORTED_KEY


def test_a_certificate_in_date_comes_before_an_expired_one() -> None:
    expired = pair(rsa_key(), days=10, age_days=30)
    assert choose(expired, authentication_pair(), expired) == b"\1"


def test_an_expired_certificate_is_still_offered_when_alone() -> None:
    assert choose(pair(rsa_key(), days=10, age_days=30)) == b"\0"


def test_an_object_that_is_no_certificate_is_passed_over() -> None:
    stored = [
        StoredCertificate(key_id=b"\x09", der=b"not DER"),
        StoredCertificate(key_id=b"\x0a", der=ec_pair().certificate_der),
    ]
    chosen = choose_authentication_certificate(stored, now=datetime.now(UTC))
    assert (chosen.key_id, chosen.algorithm) == (b"\x0a", Algorithm.ES256)


def test_the_holder_is_named_from_the_certificate() -> None:
    held = pair(rsa_key(), given_name="Camille", surname="LEFÈVRE")
    assert holder_name(held.certificate) == "Camille LEFÈVRE"


def test_a_card_that_names_nobody_has_no_holder() -> None:
    assert holder_name(authentication_pair().certificate) == ""


def test_a_name_cannot_write_a_line_of_its_own() -> None:
    held = pair(rsa_key(), given_name="Camille\nTapez", surname="L" * 64)
    assert holder_name(held.certificate) == f"CamilleTapez {'L' * 60}"


def test_a_name_in_a_text_type_that_is_not_read_is_left_out() -> None:
    """T61String in Latin-1, as old cards have it."""
    held = pair(rsa_key(), given_name="Camille", surname="LEFÈVRE")
    as_utf8 = b"\x0c\x08" + "LEFÈVRE".encode()
    as_t61 = b"\x14\x08" + "LEFÈVRE ".encode("latin-1")
    der = held.certificate_der.replace(as_utf8, as_t61)
    assert der != held.certificate_der
    assert holder_name(x509.load_der_x509_certificate(der)) == ""
