"""The signed bytes, against vectors made without this code; native applications use the same."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from idp.enrollment.gateways.device_keys import InstanceKey, pin_key_verifies
from idp.enrollment.rules.approval import (
    CHOSEN,
    SCANNED,
    ApprovalContext,
    Decision,
    approval_challenge,
)
from idp.enrollment.rules.encoding import b64u, canonical_json, from_b64u
from idp.enrollment.rules.push import PushKind, topic
from idp.enrollment.rules.transcript import Transcript, enrolment_challenge, fingerprint

ROOT = Path(__file__).resolve().parents[3]
VECTORS = ROOT / "tests" / "vectors" / "ecps"
DOCUMENT = (ROOT / "docs" / "phone-api.md").read_text("utf-8").partition("## Test vectors")[2]


def load(name: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return vectors


ENROLMENT, APPROVAL = load("transcript"), load("approval")


@pytest.mark.parametrize("case", ENROLMENT["cases"], ids=lambda case: case["name"])
def test_transcript_digits_and_challenge_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    nonce = from_b64u(case["nonce"])
    digest = Transcript(
        enrolment_id=case["enrolment_id"],
        nonce=nonce,
        credential_id=from_b64u(case["credential_id"]),
        credential_public=from_b64u(case["credential_public"]),
        instance_public=from_b64u(case["instance_public"]),
    ).digest()
    assert b64u(digest) == case["transcript"]
    assert fingerprint(digest) == case["fingerprint"]
    challenge = enrolment_challenge(enrolment_id=case["enrolment_id"], nonce=nonce)
    assert b64u(challenge) == case["webauthn_challenge"]
    key = InstanceKey.from_jwk(ENROLMENT["instance_jwk"])
    assert key.verifies(digest, from_b64u(case["instance_signature"]))


def test_the_thumbprint_is_that_of_the_vectors() -> None:
    key = InstanceKey.from_jwk(ENROLMENT["instance_jwk"])
    assert key.thumbprint == ENROLMENT["instance_thumbprint"]


@pytest.mark.parametrize("case", APPROVAL["cases"], ids=lambda case: case["name"])
def test_canonical_context_and_challenge_are_those_of_the_vectors(case: dict[str, Any]) -> None:
    signed = canonical_json({**case["context"], "decision": case["decision"]})
    assert signed.decode() == case["canonical"]
    challenge = approval_challenge(
        nonce=from_b64u(case["nonce"]),
        context=case["context"],
        decision=Decision(case["decision"]),
    )
    assert b64u(challenge) == case["challenge"]


@pytest.mark.parametrize("case", APPROVAL["cases"], ids=lambda case: case["name"])
def test_the_signatures_of_the_vectors_verify(case: dict[str, Any]) -> None:
    key = InstanceKey.from_jwk(APPROVAL["instance_jwk"])
    challenge = from_b64u(case["challenge"])
    if case["decision"] != "approve":
        assert key.verifies(challenge, from_b64u(case["instance_signature"]))
        return
    passkey, pin = case["passkey"], case["pin"]
    signed = challenge + from_b64u(passkey["assertion_signature"])
    assert key.verifies(signed, from_b64u(passkey["instance_signature"]))
    instance_signature = from_b64u(pin["instance_signature"])
    assert key.verifies(challenge, instance_signature)
    assert pin_key_verifies(
        from_b64u(APPROVAL["pin_public_key"]),
        challenge + instance_signature,
        from_b64u(pin["pin_signature"]),
    )


@pytest.mark.parametrize("case", APPROVAL["cases"], ids=lambda case: case["name"])
def test_the_server_makes_the_contexts_of_the_vectors(case: dict[str, Any]) -> None:
    shown = {name: value for name, value in case["context"].items() if name != "v"}
    assert ApprovalContext(**shown).to_json() == case["context"]


def test_the_vectors_have_every_way_to_give_the_number() -> None:
    contexts = [case["context"] for case in APPROVAL["cases"]]
    assert {context.get("means", "") for context in contexts} == {"", SCANNED, CHOSEN}
    assert any("binding_message" in context for context in contexts)


def test_how_the_number_was_given_is_signed() -> None:
    case = next(each for each in APPROVAL["cases"] if each["name"] == "scanned")
    for means in ({}, {"means": CHOSEN}):
        context = {name: value for name, value in case["context"].items() if name != "means"}
        other = approval_challenge(
            nonce=from_b64u(case["nonce"]),
            context=context | means,
            decision=Decision(case["decision"]),
        )
        assert b64u(other) != case["challenge"]


def test_the_scan_of_the_document_is_that_of_the_vectors_and_the_servers() -> None:
    (signed,) = re.findall(r"```\n(\{.*\})\n```", DOCUMENT)
    ((nonce, challenge),) = re.findall(r"\| `([\w-]{43})` \| `([\w-]{43})` \|", DOCUMENT)
    context = json.loads(signed)
    decision = Decision(context.pop("decision"))
    assert context["means"] == SCANNED
    made = approval_challenge(nonce=from_b64u(nonce), context=context, decision=decision)
    assert b64u(made) == challenge
    case = next(each for each in APPROVAL["cases"] if each["name"] == "scanned")
    assert (case["canonical"], case["nonce"], case["challenge"]) == (signed, nonce, challenge)


def test_the_rings_of_the_document_are_the_servers() -> None:
    rings = re.findall(r"\| `(\w+)` \| `([0-9a-f-]{36})` \| `([\w-]{32})` \|", DOCUMENT)
    assert {kind for kind, _reference, _topic in rings} == set(PushKind)
    for kind, reference, expected in rings:
        assert topic(f"{kind} {reference}") == expected


def test_the_pin_box_of_the_vectors_opens_to_the_seed() -> None:
    box = APPROVAL["pin_box"]
    pad = hashlib.pbkdf2_hmac("sha256", box["pin"].encode(), from_b64u(box["salt"]), box["rounds"])
    seed = bytes(a ^ b for a, b in zip(from_b64u(box["blob"]), pad, strict=True))
    assert b64u(seed) == box["seed"]


@pytest.mark.parametrize(
    "changed", ["enrolment_id", "nonce", "credential_id", "credential_public", "instance_public"]
)
def test_each_part_of_the_transcript_counts(changed: str) -> None:
    parts: dict[str, Any] = {
        "enrolment_id": "a",
        "nonce": b"b",
        "credential_id": b"c",
        "credential_public": b"d",
        "instance_public": b"e",
    }
    other = parts | {changed: "x" if changed == "enrolment_id" else b"x"}
    assert Transcript(**parts).digest() != Transcript(**other).digest()


def test_bytes_moved_from_one_part_to_the_next_change_the_transcript() -> None:
    parts: dict[str, Any] = {"enrolment_id": "a", "nonce": b"b", "instance_public": b"e"}
    one = Transcript(credential_id=b"cd", credential_public=b"", **parts)
    other = Transcript(credential_id=b"c", credential_public=b"d", **parts)
    assert one.digest() != other.digest()
