"""Enrolment on the phone: whatever is bent in the code, the keys or their signature is refused."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client

from idp.audit.models import AuditRow
from idp.core import clock
from idp.enrollment.flows.tokens import qr_token, typed_code
from idp.enrollment.models import Device, Enrolment
from idp.enrollment.rules.encoding import b64u
from idp.enrollment.rules.limits import CLAIMS, KEY_SUBMISSIONS, TYPED_CODE_TRIES
from tests.emulators.authenticator import SoftAuthenticator
from tests.emulators.phones import InstanceKey, SoftPhone
from tests.emulators.transport import ClientTransport, RefusedError
from tests.emulators.workstation import Workstation

ORIGIN = "http://localhost:8000"


@pytest.fixture
def enrolment(workstation: Workstation) -> Enrolment:
    return workstation.begin_activation()


@pytest.fixture
def fresh() -> SoftPhone:
    return SoftPhone(Client())


def refusal(call: Callable[..., Any], *args: Any, **kwargs: Any) -> RefusedError:
    with pytest.raises(RefusedError) as caught:
        call(*args, **kwargs)
    return caught.value


def hand_in(phone: SoftPhone, enrolment: Enrolment, **changes: Any) -> RefusedError:
    """Claims rightly, then hands in keys with `changes`."""
    claimed = phone.claim(code=typed_code(enrolment.pk))
    keys, _digits = phone.make_keys(claimed)
    return refusal(phone.submit_keys, claimed["enrolment_id"], {**keys, **changes})


def test_a_code_that_nobody_was_shown_is_refused_and_audited(
    enrolment: Enrolment, fresh: SoftPhone
) -> None:
    error = refusal(fresh.claim, code="AAAAA-AAAAA")
    assert (error.status, error.code) == (410, "enrolment_over")
    row = AuditRow.objects.get(reference=error.problem["reference"])
    assert row.data["detail"] == "unknown code"


def test_a_qr_code_lasts_90_seconds_and_the_typed_code_ten_minutes(
    enrolment: Enrolment, fresh: SoftPhone
) -> None:
    token = qr_token(enrolment.pk)
    with clock.frozen(clock.now() + timedelta(seconds=92)):
        assert refusal(fresh.claim, token=token).code == "enrolment_over"
        assert fresh.claim(code=typed_code(enrolment.pk))["holder"] == "C. L•••••"


def test_an_altered_qr_code_is_refused(enrolment: Enrolment, fresh: SoftPhone) -> None:
    body, instant, mac = qr_token(enrolment.pk).split(".")
    younger = f"{body}.{int(instant) + 60}.{mac}"
    assert refusal(fresh.claim, token=younger).code == "enrolment_over"


def test_an_activation_past_its_ten_minutes_is_over(enrolment: Enrolment, fresh: SoftPhone) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=11)):
        assert refusal(fresh.claim, code=typed_code(enrolment.pk)).code == "enrolment_over"


def test_an_activation_is_claimed_once(enrolment: Enrolment, fresh: SoftPhone) -> None:
    fresh.claim(code=typed_code(enrolment.pk))
    error = refusal(SoftPhone(Client()).claim, token=qr_token(enrolment.pk))
    assert (error.status, error.code) == (409, "already_claimed")


def test_typed_codes_cannot_be_guessed_in_numbers(enrolment: Enrolment, fresh: SoftPhone) -> None:
    for _try in range(TYPED_CODE_TRIES.limit):
        assert refusal(fresh.claim, code="AAAAA-AAAAA").status == 410
    # Even the right one, now.
    assert refusal(fresh.claim, code=typed_code(enrolment.pk)).status == 429


@pytest.mark.parametrize(
    "body",
    [b"[" * 60_000, b'{"token":' * 5_000, b'{"token":"x","token":"y"}', b'{"token":NaN}', b"\xff"],
    ids=lambda body: body[:12],
)
def test_json_that_has_no_one_meaning_is_refused(db: None, body: bytes) -> None:
    answer = ClientTransport(Client()).send("POST", "/api/v1/enrolments/claim", {}, body)
    assert (answer.status, answer.body["code"]) == (400, "invalid_request")


def test_invented_activations_are_counted_by_network(fresh: SoftPhone, db: None) -> None:
    body = {
        "claim_secret": "s" * 43,
        "label": "Pixel 7",
        "instance_key": InstanceKey().jwk,
        "passkey": None,
        "pin_key": {"public_key": b64u(bytes(32))},
        "instance_signature": b64u(bytes(64)),
    }
    for _try in range(CLAIMS.limit):
        assert refusal(fresh.call, "POST", f"/enrolments/{uuid4()}/keys", body).status == 410
    assert refusal(fresh.call, "POST", f"/enrolments/{uuid4()}/keys", body).status == 429
    assert AuditRow.objects.filter(event="enrolment").count() == CLAIMS.limit


def test_token_and_code_together_are_refused(enrolment: Enrolment, fresh: SoftPhone) -> None:
    body = {"token": "x", "code": "y"}
    error = refusal(fresh.call, "POST", "/enrolments/claim", body)
    assert (error.status, error.code) == (400, "invalid_request")


def test_keys_need_the_secret_of_the_claim(enrolment: Enrolment, fresh: SoftPhone) -> None:
    error = hand_in(fresh, enrolment, claim_secret="x" * 43)
    assert (error.status, error.code) == (410, "enrolment_over")


def test_keys_before_the_claim_are_refused(enrolment: Enrolment, fresh: SoftPhone) -> None:
    claimed = fresh.claim(code=typed_code(enrolment.pk))
    keys, _digits = fresh.make_keys(claimed)
    Enrolment.objects.update(state="waiting", claim_digest=None)
    assert refusal(fresh.submit_keys, str(enrolment.pk), keys).code == "enrolment_over"


def test_keys_are_handed_in_once(enrolment: Enrolment, fresh: SoftPhone) -> None:
    claimed = fresh.claim(code=typed_code(enrolment.pk))
    keys, _digits = fresh.make_keys(claimed)
    fresh.submit_keys(claimed["enrolment_id"], keys)
    assert refusal(fresh.submit_keys, claimed["enrolment_id"], keys).code == "enrolment_over"
    assert Device.objects.count() == 1


def test_tries_to_hand_in_keys_are_counted(enrolment: Enrolment, fresh: SoftPhone) -> None:
    claimed = fresh.claim(code=typed_code(enrolment.pk))
    keys, _digits = fresh.make_keys(claimed)
    bad = {**keys, "instance_signature": b64u(bytes(64))}
    for _try in range(KEY_SUBMISSIONS.limit):
        assert refusal(fresh.submit_keys, claimed["enrolment_id"], bad).code == "keys_refused"
    assert refusal(fresh.submit_keys, claimed["enrolment_id"], keys).status == 429


def test_a_swapped_instance_key_does_not_fit_the_transcript(
    enrolment: Enrolment, fresh: SoftPhone
) -> None:
    error = hand_in(fresh, enrolment, instance_key=InstanceKey().jwk)
    assert error.code == "keys_refused"
    assert not Device.objects.exists()


def test_a_swapped_passkey_does_not_fit_the_transcript(
    enrolment: Enrolment, fresh: SoftPhone
) -> None:
    claimed = fresh.claim(code=typed_code(enrolment.pk))
    keys, _digits = fresh.make_keys(claimed)
    keys["passkey"] = SoftAuthenticator(origin=ORIGIN).create(claimed["webauthn"])
    assert refusal(fresh.submit_keys, claimed["enrolment_id"], keys).code == "keys_refused"


def test_a_swapped_pin_key_does_not_fit_the_transcript(enrolment: Enrolment) -> None:
    phone = SoftPhone(Client(), kind="pin", pin_rounds=10)
    assert hand_in(phone, enrolment, pin_key={"public_key": b64u(b"\x07" * 32)}).code == (
        "keys_refused"
    )


@pytest.mark.parametrize(
    "bent",
    [
        {"user_verified": False},
        {"cross_origin": True},
        {"top_origin": "https://evil.example"},
        {"origin": "https://evil.example"},
        {"origin": "http://localhost:8001"},
        {"curve": ec.SECP384R1()},
    ],
    ids=lambda bent: next(iter(bent)),
)
def test_a_passkey_made_another_way_is_refused(
    enrolment: Enrolment, fresh: SoftPhone, bent: dict[str, Any]
) -> None:
    fresh.passkey = SoftAuthenticator(**{"origin": ORIGIN, **bent})
    error = hand_in(fresh, enrolment)
    assert (error.status, error.code) == (400, "keys_refused")


def test_a_passkey_made_for_another_activation_is_refused(
    enrolment: Enrolment, fresh: SoftPhone
) -> None:
    claimed = fresh.claim(code=typed_code(enrolment.pk))
    other = {**claimed, "webauthn": {**claimed["webauthn"], "challenge": b64u(bytes(32))}}
    keys, _digits = fresh.make_keys(other)
    assert refusal(fresh.submit_keys, claimed["enrolment_id"], keys).code == "keys_refused"


@pytest.mark.parametrize(
    "passkey",
    [
        {},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
        {"response": "x"},
        {"response": {"clientDataJSON": "e30"}},
        {"response": {"clientDataJSON": "W10"}},
        {"response": {"clientDataJSON": 5}},
        {
            "id": "AA",
            "rawId": "AA",
            "type": "public-key",
            "response": {"clientDataJSON": "e30", "attestationObject": "oA"},
        },
    ],
)
def test_a_malformed_passkey_is_a_refusal_and_never_a_crash(
    enrolment: Enrolment, fresh: SoftPhone, passkey: dict[str, Any]
) -> None:
    assert hand_in(fresh, enrolment, passkey=passkey).code == "keys_refused"


@pytest.mark.parametrize(
    "changes",
    [
        {"passkey": None},
        {"pin_key": {"public_key": b64u(b"\x07" * 32)}},
        {"pin_key": {"public_key": b64u(bytes(31))}, "passkey": None},
        {"instance_signature": b64u(bytes(63))},
        {"instance_signature": "not base64url!"},
        {"label": ""},
        {"label": "x" * 65},
        {"label": 7},
        {"surprise": 1},
        {"instance_key": {**InstanceKey().jwk, "d": "AA"}},
        {"instance_key": {**InstanceKey().jwk, "crv": "P-384"}},
        {"instance_key": "x"},
    ],
)
def test_a_malformed_body_is_refused(
    enrolment: Enrolment, fresh: SoftPhone, changes: dict[str, Any]
) -> None:
    error = hand_in(fresh, enrolment, **changes)
    assert (error.status, error.code) == (400, "invalid_request")


def test_a_point_off_the_curve_is_refused(enrolment: Enrolment, fresh: SoftPhone) -> None:
    off = {**InstanceKey().jwk, "y": b64u(b"\x01" * 32)}
    assert hand_in(fresh, enrolment, instance_key=off).code == "keys_refused"


def test_the_null_key_is_no_pin_key(enrolment: Enrolment) -> None:
    phone = SoftPhone(Client(), kind="pin", pin_rounds=10)
    assert hand_in(phone, enrolment, pin_key={"public_key": b64u(bytes(32))}).code == (
        "keys_refused"
    )


def test_an_instance_key_serves_one_enrolment(workstation: Workstation, phone: SoftPhone) -> None:
    again = SoftPhone(Client())
    again.instance = phone.instance
    error = hand_in(again, workstation.begin_activation())
    assert (error.status, error.code) == (409, "key_reused")


def test_the_phone_is_told_which_passkeys_it_has_already(
    workstation: Workstation, phone: SoftPhone, fresh: SoftPhone
) -> None:
    claimed = fresh.claim(code=typed_code(workstation.begin_activation().pk))
    (excluded,) = claimed["webauthn"]["excludeCredentials"]
    assert excluded["id"] == b64u(phone.passkey.credential_id)


def test_options_ask_for_es256_and_user_verification(
    enrolment: Enrolment, fresh: SoftPhone
) -> None:
    options = fresh.claim(code=typed_code(enrolment.pk))["webauthn"]
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["rp"]["id"] == "localhost"
    assert "Lefèvre" not in str(options["user"])


def test_a_self_made_attestation_is_stored_and_never_believed(
    workstation: Workstation, fresh: SoftPhone
) -> None:
    fresh.passkey.self_attestation = True
    workstation.activate(fresh)
    passkey = Device.objects.get().passkey
    assert passkey.attestation_format == "packed"
    assert not passkey.attested
    assert passkey.transports == ["internal", "hybrid"]
