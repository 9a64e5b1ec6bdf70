"""Device-signed requests: whatever is bent in the proof, the request is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from idp.core import clock
from idp.enrollment.models import Device
from idp.enrollment.rules.encoding import b64u
from tests.emulators.phones import InstanceKey, SoftPhone

ME = "/devices/me"


@pytest.fixture
def ready(phone: SoftPhone) -> SoftPhone:
    """A phone that has just got a nonce."""
    phone.fetch_nonce()
    return phone


def test_a_right_proof_is_accepted_and_brings_the_next_nonce(ready: SoftPhone) -> None:
    answer = ready.send_signed("GET", ME)
    assert answer.status == 200
    assert answer.headers["dpop-nonce"] != ""


def test_without_a_nonce_the_server_gives_one(phone: SoftPhone) -> None:
    phone.nonce = ""
    answer = phone.send_signed("GET", ME)
    assert (answer.status, answer.body["code"]) == (401, "use_dpop_nonce")
    assert "use_dpop_nonce" in answer.headers["www-authenticate"]
    assert phone.send_signed("GET", ME).status == 200


def test_a_nonce_lasts_60_seconds(ready: SoftPhone) -> None:
    with clock.frozen(clock.now() + timedelta(seconds=62)):
        answer = ready.send_signed("GET", ME)
    assert answer.body["code"] == "use_dpop_nonce"


@pytest.mark.parametrize("nonce", ["invented", "a.1795291200.AAAA", "..", "é"])
def test_a_nonce_that_is_not_ours_is_answered_with_one(ready: SoftPhone, nonce: str) -> None:
    assert ready.send_signed("GET", ME, nonce=nonce).body["code"] == "use_dpop_nonce"


def test_an_altered_nonce_is_answered_with_a_new_one(ready: SoftPhone) -> None:
    body, instant, mac = ready.nonce.split(".")
    answer = ready.send_signed("GET", ME, nonce=f"{body}.{int(instant) + 30}.{mac}")
    assert answer.body["code"] == "use_dpop_nonce"


@pytest.mark.parametrize("iat", [0, 1, 4_000_000_000])
def test_a_phone_with_a_wrong_clock_is_not_turned_away(ready: SoftPhone, iat: int) -> None:
    assert ready.send_signed("GET", ME, iat=iat).status == 200


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": "POST"},
        {"htu": "http://localhost:8000/api/v1/requests"},
        {"htu": "https://evil.example/api/v1/devices/me"},
        {"bh": b64u(bytes(32))},
        {"bh": None},
        {"jti": ""},
        {"jti": "x" * 129},
        {"jti": 7},
        {"iat": "now"},
        {"nonce": 7},
    ],
)
def test_a_proof_of_something_else_is_refused(ready: SoftPhone, claims: dict[str, Any]) -> None:
    answer = ready.send_signed("GET", ME, **claims)
    assert (answer.status, answer.body["code"]) == (401, "invalid_dpop_proof")


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"jwk": InstanceKey().jwk},
        {"jwk": None},
        {"jwk": "text"},
        {"jwk": {"kty": "oct", "k": "AA"}},
        {"alg": "none"},
        {"alg": "HS256"},
        {"crit": ["b64"], "b64": False},
    ],
)
def test_a_proof_with_another_header_is_refused(ready: SoftPhone, header: dict[str, Any]) -> None:
    answer = ready.send_signed("GET", ME, header=header)
    assert (answer.status, answer.body["code"]) == (401, "invalid_dpop_proof")


def test_a_proof_of_another_key_is_refused(ready: SoftPhone) -> None:
    ready.instance = InstanceKey()
    assert ready.send_signed("GET", ME).body["code"] == "invalid_dpop_proof"


def test_a_proof_serves_once(ready: SoftPhone) -> None:
    claims = ready.proof_claims("GET", f"/api/v1{ME}")
    headers = {
        "Authorization": f"Device {ready.device_id}",
        "DPoP": ready.instance.proof(claims),
    }
    answers = [ready.transport.send("GET", f"/api/v1{ME}", headers, b"") for _nth in range(2)]
    assert [answer.status for answer in answers] == [200, 401]
    assert answers[1].body["code"] == "invalid_dpop_proof"


def test_an_altered_body_is_refused(ready: SoftPhone) -> None:
    path = f"/api/v1/requests/{ready.device_id}/challenge"
    claims = ready.proof_claims("POST", path, json.dumps({"number": "47"}).encode())
    headers = {
        "Authorization": f"Device {ready.device_id}",
        "DPoP": ready.instance.proof(claims),
    }
    body = json.dumps({"number": "48"}).encode()
    answer = ready.transport.send("POST", path, headers, body)
    assert answer.body["code"] == "invalid_dpop_proof"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer x", "Device", "Device x", "Device 00000000-0000-0000-0000-000000000000"],
)
def test_an_unknown_device_is_refused(ready: SoftPhone, authorization: str) -> None:
    proof = ready.instance.proof(ready.proof_claims("GET", f"/api/v1{ME}"))
    headers = {"Authorization": authorization, "DPoP": proof}
    answer = ready.transport.send("GET", f"/api/v1{ME}", headers, b"")
    assert (answer.status, answer.body["code"]) == (401, "unknown_device")


@pytest.mark.parametrize("proof", ["", "x", "a.b.c", "é.é.é", "e30.e30.AA", "x" * 5000])
def test_a_malformed_proof_is_refused(ready: SoftPhone, proof: str) -> None:
    headers = {"Authorization": f"Device {ready.device_id}", "DPoP": proof}
    answer = ready.transport.send("GET", f"/api/v1{ME}", headers, b"")
    assert (answer.status, answer.body["code"]) == (401, "invalid_dpop_proof")


def test_a_session_cookie_opens_nothing_here(phone: SoftPhone, workstation: Any) -> None:
    answer = workstation.client.get("/api/v1/requests")
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_device")


def test_a_phone_removes_itself(ready: SoftPhone) -> None:
    assert ready.send_signed("DELETE", ME).status == 204
    assert Device.objects.get().state == "revoked"
    assert ready.me()["state"] == "revoked"


def test_refusals_are_problem_documents(phone: SoftPhone) -> None:
    answer = SoftPhone(Client()).transport.send("GET", "/api/v1/requests", {}, b"")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body["type"] == "about:blank"
    assert answer.body["status"] == 401
    assert set(answer.body) == {"type", "title", "status", "code", "detail"}


@pytest.mark.parametrize(
    ("method", "body", "status"),
    [("POST", b"{", 400), ("POST", b"[]", 400), ("POST", b"x" * 70_000, 413), ("GET", b"", 405)],
)
def test_a_malformed_call_is_a_problem_document(
    db: None, method: str, body: bytes, status: int
) -> None:
    answer = SoftPhone(Client()).transport.send(method, "/api/v1/enrolments/claim", {}, body)
    assert (answer.status, answer.body["status"]) == (status, status)


def test_a_form_is_not_taken_for_json(db: None) -> None:
    response = Client().post("/api/v1/enrolments/claim", {"code": "x"})
    assert response.status_code == 415


def test_last_seen_is_written_once_a_minute(ready: SoftPhone) -> None:
    ready.me()
    first = Device.objects.get().last_seen_at
    ready.me()
    assert Device.objects.get().last_seen_at == first
    with clock.frozen(clock.now() + timedelta(seconds=90)):
        ready.fetch_nonce()
        ready.me()
    assert Device.objects.get().last_seen_at != first


def test_a_proof_nested_as_deep_as_it_may_be_long_is_refused(ready: SoftPhone) -> None:
    head = b64u(b'{"alg":"ES256","x":' + b"[" * 2500 + b"}")
    headers = {"Authorization": f"Device {ready.device_id}", "DPoP": f"{head}.e30.AAAA"}
    answer = ready.transport.send("GET", f"/api/v1{ME}", headers, b"")
    assert (answer.status, answer.body["code"]) == (401, "invalid_dpop_proof")
