"""From a good certificate, one thing changes: each is refused, with its own code."""

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings
from pytest_django import Settings

from idp.cardbridge.flows.challenges import issue_challenge
from idp.core import clock
from idp.login.models import LoginAttempt
from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy, load_or_make
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import (
    DOCTOR,
    EC_KEY,
    P384_KEY,
    WEAK_KEY,
    Recipe,
    craft,
    number,
    private_extensions,
)
from tests.cardbridge.steps import answer, log_in
from tests.emulators.cards import make_token, message_of, sign, sign_token

CLIENT_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH


def named(**changes: str) -> dict[x509.ObjectIdentifier, str]:
    oid_of = {"cn": NameOID.COMMON_NAME, "sn": NameOID.SURNAME, "gn": NameOID.GIVEN_NAME}
    values = DOCTOR | {oid_of[name]: text for name, text in changes.items()}
    return {oid: text for oid, text in values.items() if text}


GOOD = {
    "rsa": Recipe(),
    "ec": Recipe(key=EC_KEY),
    "both product types: CPF": Recipe(private=private_extensions(product_type=asn1.encode_der(1))),
    "employee": Recipe(private=private_extensions(product_type=asn1.encode_der(2))),
    "administration": Recipe(private=private_extensions(product_type=asn1.encode_der(3))),
}
BAD = {
    "weak key": (Recipe(key=WEAK_KEY), "algorithm_refused"),
    "other curve": (Recipe(key=P384_KEY), "algorithm_refused"),
    "not yet valid": (Recipe(begins=timedelta(days=1)), "card_not_yet_valid"),
    "expired": (Recipe(begins=-timedelta(days=9), lasts=timedelta(days=8)), "card_expired"),
    "authority": (Recipe(is_authority=True), "not_for_login"),
    "may sign certificates": (
        Recipe(usages=("digital_signature", "key_cert_sign")),
        "not_for_login",
    ),
    "no key usage": (Recipe(with_key_usage=False), "signature_certificate"),
    "signs documents": (Recipe(usages=("content_commitment",)), "signature_certificate"),
    "signs documents too": (
        Recipe(usages=("digital_signature", "content_commitment")),
        "signature_certificate",
    ),
    "no extended usage": (Recipe(extended=()), "signature_certificate"),
    "e-mail": (Recipe(extended=(ExtendedKeyUsageOID.EMAIL_PROTECTION,)), "signature_certificate"),
    "server": (Recipe(extended=(ExtendedKeyUsageOID.SERVER_AUTH,)), "signature_certificate"),
    "contactless, another policy": (Recipe(policy="2.999.1.2.9"), "policy_refused"),
    "unknown critical extension": (Recipe(critical_unknown=True), "unknown_issuer"),
    "no category": (Recipe(private=private_extensions(category=None)), "not_a_card"),
    "security module": (
        Recipe(private=private_extensions(category=asn1.encode_der(b"\x82"))),
        "not_a_card",
    ),
    "software": (
        Recipe(private=private_extensions(category=asn1.encode_der(b"\x83"))),
        "not_a_card",
    ),
    "no card number": (Recipe(private=private_extensions(card_number=None)), "not_a_card"),
    "no product type": (Recipe(private=private_extensions(product_type=None)), "card_type_refused"),
    "product type of another table": (
        Recipe(private=private_extensions(product_type=asn1.encode_der(4))),
        "card_type_refused",
    ),
    "service card of an employee's type": (
        Recipe(
            subject=named(sn="", gn=""),
            private=private_extensions(product_type=asn1.encode_der(2)),
        ),
        "service_card",
    ),
    "service card of a professional's type": (
        Recipe(subject=named(sn="", gn="")),
        "service_card",
    ),
    "no given name": (Recipe(subject=named(gn="")), "service_card"),
    "no common name": (Recipe(subject=named(cn="")), "identity_unreadable"),
    "wrong Luhn key": (Recipe(subject=named(cn="899900000012")), "identity_unreadable"),
    "RPPS without its type": (Recipe(subject=named(cn="99900000011")), "identity_unreadable"),
    "two common names": (
        Recipe(extra_rdn=(x509.NameAttribute(NameOID.COMMON_NAME, "899900000029"),)),
        "identity_unreadable",
    ),
    "both professions": (
        Recipe(private=private_extensions(future_profession=asn1.encode_der(10))),
        "identity_unreadable",
    ),
    "unknown person": (Recipe(subject=named(cn="899900000219")), "professional_unknown"),
    "category of two octets": (
        Recipe(private=private_extensions(category=asn1.encode_der(b"\x80\x00"))),
        "certificate_unreadable",
    ),
    "product type with trailing data": (
        Recipe(private=private_extensions(product_type=b"\x02\x01\x00\x00")),
        "certificate_unreadable",
    ),
    "product type as text": (
        Recipe(private=private_extensions(product_type=number("0"))),
        "certificate_unreadable",
    ),
    "card number of another form": (
        Recipe(private=private_extensions(card_number=number("no slash"))),
        "certificate_unreadable",
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_good_certificate_logs_in(fort: Credential, attempt: LoginAttempt, name: str) -> None:
    assert log_in(attempt, craft(fort, GOOD[name])) == ""


@pytest.mark.parametrize("name", BAD)
def test_one_thing_wrong_is_refused(fort: Credential, attempt: LoginAttempt, name: str) -> None:
    recipe, code = BAD[name]
    assert log_in(attempt, craft(fort, recipe)) == code


def test_a_software_certificate_with_every_usage_of_a_card_is_refused(
    hierarchy: Hierarchy, attempt: LoginAttempt
) -> None:
    elementaire = hierarchy.authorities[AuthorityName.ELEMENTAIRE_PERSONNES]
    assert log_in(attempt, craft(elementaire)) == "software_certificate"


def test_a_root_issues_no_cards(hierarchy: Hierarchy, attempt: LoginAttempt) -> None:
    root = hierarchy.authorities[AuthorityName.ROOT_FORT]
    assert log_in(attempt, craft(root)) == "unknown_issuer"


def test_a_look_alike_authority_with_the_same_names_is_refused(
    tmp_path: Path, attempt: LoginAttempt
) -> None:
    rogue = load_or_make(tmp_path, base_url="http://rogue", now=clock.now())
    forged = craft(rogue.authorities[AuthorityName.FORT_PERSONNES])
    assert log_in(attempt, forged) == "unknown_issuer"


def test_a_card_issued_by_a_card_is_refused(fort: Credential, attempt: LoginAttempt) -> None:
    card = craft(fort, Recipe(is_authority=True, usages=("key_cert_sign",)))
    assert log_in(attempt, craft(card, Recipe(key=EC_KEY))) == "unknown_issuer"


def test_the_order_inside_the_multi_valued_name_does_not_matter(
    fort: Credential, attempt: LoginAttempt
) -> None:
    subject = {oid: DOCTOR[oid] for oid in reversed(DOCTOR)}
    assert log_in(attempt, craft(fort, Recipe(subject=subject))) == ""


# ---- the signature ------------------------------------------------------------------------------


def test_a_signature_for_another_origin_is_refused(sandbox: Path, attempt: LoginAttempt) -> None:
    challenge = issue_challenge(attempt=attempt).challenge
    token = make_token(sandbox / "doctor", "https://idp.example.evil.test", challenge)
    assert answer(attempt, token) == "signature_wrong"


def test_a_signature_over_the_decoded_challenge_is_refused(
    fort: Credential, attempt: LoginAttempt
) -> None:
    challenge = issue_challenge(attempt=attempt).challenge
    card = craft(fort, Recipe(key=EC_KEY))
    token = sign_token(card.certificate, card.key, settings.HYGIE.origin, challenge)
    message = message_of(settings.HYGIE.origin, base64.b64decode(challenge))
    _algorithm, signature = sign(card.key, message)
    token["signature"] = base64.b64encode(signature).decode()
    assert answer(attempt, token) == "signature_wrong"


def test_an_ecdsa_signature_in_der_is_refused(fort: Credential, attempt: LoginAttempt) -> None:
    challenge = issue_challenge(attempt=attempt).challenge
    card = craft(fort, Recipe(key=EC_KEY))
    token = sign_token(card.certificate, card.key, settings.HYGIE.origin, challenge)
    message = message_of(settings.HYGIE.origin, challenge.encode())
    der = EC_KEY.sign(message, ec.ECDSA(hashes.SHA256()))
    token["signature"] = base64.b64encode(der).decode()
    assert answer(attempt, token) == "signature_wrong"


def test_a_swapped_certificate_is_refused(
    sandbox: Path, fort: Credential, attempt: LoginAttempt
) -> None:
    challenge = issue_challenge(attempt=attempt).challenge
    token = make_token(sandbox / "doctor", settings.HYGIE.origin, challenge)
    other = make_token(sandbox / "nurse", settings.HYGIE.origin, challenge)
    token["unverifiedCertificate"] = other["unverifiedCertificate"]
    assert answer(attempt, token) == "signature_wrong"


def test_an_algorithm_that_does_not_fit_the_key_is_refused(
    sandbox: Path, attempt: LoginAttempt
) -> None:
    challenge = issue_challenge(attempt=attempt).challenge
    token = make_token(sandbox / "doctor", settings.HYGIE.origin, challenge)
    token["algorithm"] = "ES256"
    assert answer(attempt, token) == "algorithm_refused"


@pytest.mark.parametrize("tail", [b"\x00", b"\x30\x00", b"trailing"])
def test_bytes_after_the_certificate_are_refused(
    fort: Credential, attempt: LoginAttempt, tail: bytes
) -> None:
    challenge = issue_challenge(attempt=attempt).challenge
    card = craft(fort)
    token = sign_token(card.certificate, card.key, settings.HYGIE.origin, challenge)
    der = card.certificate.public_bytes(Encoding.DER) + tail
    token["unverifiedCertificate"] = base64.b64encode(der).decode()
    assert answer(attempt, token) == "certificate_unreadable"


def test_the_origin_comes_from_settings_never_from_the_request(
    sandbox: Path, attempt: LoginAttempt, settings: Settings
) -> None:
    challenge = issue_challenge(attempt=attempt).challenge
    token = make_token(sandbox / "doctor", settings.HYGIE.origin, challenge)
    settings.HYGIE = replace(settings.HYGIE, base_url="https://idp.example")
    assert answer(attempt, token) == "signature_wrong"
