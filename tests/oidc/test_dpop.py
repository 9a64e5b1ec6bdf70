"""DPoP (RFC 9449): the conformance suite's negative steps, nonces, and who uses a bound token."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey

from idp.core import clock
from idp.directory.models import Person
from idp.oidc.gateways import keys
from idp.oidc.gateways.dpop_nonces import fresh_nonce, is_fresh
from idp.oidc.models import Grant
from tests.oidc.portal import FORM, PROTOCOL, Browser, Portal, issuer
from tests.oidc.signing_portal import (
    KEYS,
    PAR,
    PROOF_KEY,
    SigningPortal,
    dpop_proof,
    signing_portal,
)
from tests.oidc.test_parallel_use import all_at_once

pytestmark = pytest.mark.django_db
USERINFO = f"{issuer()}/protocol/openid-connect/userinfo"
OTHER_KEY = ECKey.generate_key("P-256", private=True)


@pytest.fixture
def token(fapi: SigningPortal, doctor: Person) -> str:
    return str(fapi.bound_tokens(doctor)["access_token"])


def assert_refused(response: Any) -> None:
    assert response.status_code == 401, response.content
    assert response.json()["error"] in ("invalid_dpop_proof", "invalid_token")
    assert response["WWW-Authenticate"].startswith('DPoP realm="hygie", error=')
    assert 'algs="ES256 PS256 EdDSA"' in response["WWW-Authenticate"]
    assert response["DPoP-Nonce"]


@pytest.mark.parametrize(
    "changes",
    [
        {"header": {"typ": None}},
        {"header": {"typ": "jwt"}},
        {"header": {"jwk": None}},
        {"header": {"jwk": PROOF_KEY.as_dict(private=True)}},
        {"header": {"jwk": OTHER_KEY.as_dict(private=False)}},
        {"header": {"jwk": {"kty": "EC"}}},
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"jti": "j" * 129},
        {"htm": None},
        {"htm": "POST"},
        {"htm": "get"},
        {"htu": None},
        {"htu": "https://evil.example/userinfo"},
        {"htu": USERINFO + "/"},
        {"htu": USERINFO.replace("/userinfo", "/token")},
        {"htu": "http://[::1"},
        {"htu": 1},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"nonce": 1},
        {"ath": None},
        {"ath": "x"},
        {"ath": base64.urlsafe_b64encode(b"0" * 32).rstrip(b"=").decode()},
        {"exp": 1},
        {"nbf": 4_000_000_000},
        {"key": OTHER_KEY},
    ],
)
def test_fapi2_dpop_negative_tests(fapi: SigningPortal, token: str, changes: Any) -> None:
    assert_refused(fapi.resource(token, **changes))
    assert fapi.resource(token).status_code == 200


@pytest.mark.parametrize("seconds", [-3600, 3600, -61, 61])
def test_fapi2_dpop_iat_an_hour_off_without_nonce_is_refused(
    fapi: SigningPortal, token: str, seconds: int
) -> None:
    now = clock.now()
    # Held: a second that passes on the way would bring the one of 61 s back within a minute.
    with clock.frozen(now):
        iat = int(now.timestamp()) + seconds
        assert_refused(fapi.resource(token, iat=iat, nonce=None))


def test_fapi2_dpop_rs256_and_none_and_hs256_are_refused(fapi: SigningPortal, token: str) -> None:
    rsa = dpop_proof(
        "userinfo", method="GET", access_token=token, key=KEYS["RS256"], header={"alg": "RS256"}
    )
    assert_refused(fapi.resource(token, proof=rsa))
    head, payload, _signature = fapi.proof("userinfo", method="GET", access_token=token).split(".")
    jwk = PROOF_KEY.as_dict(private=False)
    for alg in ("none", "None", "HS256", "ES256"):
        # The very proof that is accepted, but for what signs it.
        header = json.dumps({"typ": "dpop+jwt", "alg": alg, "jwk": jwk}).encode()
        encoded = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
        by_hmac = hmac.new(json.dumps(jwk).encode(), f"{encoded}.{payload}".encode(), "sha256")
        for signature in (b"", b"\0" * 64, by_hmac.digest()):
            signed = base64.urlsafe_b64encode(signature).rstrip(b"=").decode()
            assert_refused(fapi.resource(token, proof=f"{encoded}.{payload}.{signed}"))
    assert_refused(fapi.resource(token, proof=f"{head}.{payload}."))


@pytest.mark.parametrize("proof", ["x", "a.b.c", "e30.e30.e30", "x" * 5000, "[" * 3000])
def test_fapi2_dpop_malformed_proofs_are_refused(
    fapi: SigningPortal, token: str, proof: str
) -> None:
    assert_refused(fapi.resource(token, proof=proof))


def test_fapi2_dpop_two_headers_are_refused(fapi: SigningPortal, token: str) -> None:
    one = fapi.proof("userinfo", method="GET", access_token=token)
    two = fapi.proof("userinfo", method="GET", access_token=token)
    # As servers join repeated headers (RFC 9110 §5.3).
    assert_refused(fapi.resource(token, proof=f"{one}, {two}"))
    assert_refused(fapi.resource(token, proof=f"{one},{two}"))


def test_fapi2_dpop_no_proof_is_refused(fapi: SigningPortal, token: str) -> None:
    assert_refused(fapi.resource(token, proof=""))


def test_a_bound_token_is_no_bearer_token(fapi: SigningPortal, token: str) -> None:
    for proof in ("", None):
        response = fapi.resource(token, scheme="Bearer", proof=proof)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
    in_form = Browser().post(f"{PROTOCOL}/userinfo", f"access_token={token}", content_type=FORM)
    assert in_form.status_code == 401


def test_a_bearer_token_is_not_taken_with_a_proof(
    fapi: SigningPortal, portal: Portal, doctor: Person
) -> None:
    assert_refused(fapi.resource(portal.tokens(doctor)["access_token"]))


def test_fapi2_dpop_a_jti_serves_once(fapi: SigningPortal, token: str) -> None:
    proof = fapi.proof("userinfo", method="GET", access_token=token)
    assert fapi.resource(token, proof=proof).status_code == 200
    assert_refused(fapi.resource(token, proof=proof))


@pytest.mark.parametrize(
    "htu",
    [
        USERINFO + "?a=b",
        USERINFO + "#fragment",
        USERINFO.replace("http://localhost", "HTTP://LOCALHOST"),
    ],
)
def test_fapi2_dpop_htu_is_normalised(fapi: SigningPortal, token: str, htu: str) -> None:
    assert fapi.resource(token, htu=htu).status_code == 200


def test_fapi2_dpop_extra_claims_and_header_members_are_ignored(
    fapi: SigningPortal, token: str
) -> None:
    assert fapi.resource(token, extra="x", header={"extra": "y"}).status_code == 200


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_each_pinned_algorithm_binds(fapi: SigningPortal, doctor: Person, alg: str) -> None:
    key = KEYS[alg]

    def proof(endpoint: str, **more: Any) -> str:
        return fapi.proof(endpoint, key=key, header={"alg": alg}, **more)

    tokens = fapi.redeem_signed(fapi.code_pushed(doctor), dpop=proof("token")).json()
    token = tokens["access_token"]
    sent = proof("userinfo", method="GET", access_token=token)
    assert fapi.resource(token, proof=sent).status_code == 200


def test_a_first_proof_is_told_the_nonce_and_loses_nothing(
    fapi: SigningPortal, doctor: Person
) -> None:
    code = fapi.code_pushed(doctor)
    refused = fapi.redeem_signed(code, dpop=fapi.proof("token", nonce=None))
    assert (refused.status_code, refused.json()["error"]) == (400, "use_dpop_nonce")
    assert fapi.nonce == refused["DPoP-Nonce"]
    assert Grant.objects.get().code_used_at is None
    tokens = fapi.redeem_signed(code).json()
    at_userinfo = fapi.resource(tokens["access_token"], nonce=None)
    assert (at_userinfo.status_code, at_userinfo.json()["error"]) == (401, "use_dpop_nonce")
    assert fapi.push(dpop=fapi.proof(PAR, nonce=None)).json()["error"] == "use_dpop_nonce"
    assert fapi.resource(tokens["access_token"]).status_code == 200


@pytest.mark.parametrize("nonce", ["x", "é", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "A" * 500])
def test_a_nonce_of_anybody_else_is_refused(
    fapi: SigningPortal, doctor: Person, nonce: str
) -> None:
    code = fapi.code_pushed(doctor)
    refused = fapi.redeem_signed(code, dpop=fapi.proof("token", nonce=nonce))
    assert refused.json()["error"] == "use_dpop_nonce"


def test_a_nonce_lives_five_minutes() -> None:
    start = clock.now()
    nonce = fresh_nonce(now=start)
    assert is_fresh(nonce, now=start + timedelta(minutes=4, seconds=59))
    assert not is_fresh(nonce, now=start + timedelta(minutes=5, seconds=2))
    assert not is_fresh(nonce, now=start - timedelta(seconds=5))


def test_a_portal_of_another_profile_may_bind_its_tokens(portal: Portal, doctor: Person) -> None:
    code = portal.code(doctor)
    tokens = portal.redeem(code).json()
    assert tokens["token_type"] == "Bearer"
    bound = portal.call(
        "token",
        {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]},
        HTTP_DPOP=dpop_proof("token"),
    ).json()
    assert bound["token_type"] == "DPoP"
    assert portal.userinfo(bound["access_token"]).status_code == 401


def test_introspection_tells_the_binding(fapi: SigningPortal, token: str) -> None:
    told = fapi.send("token/introspect", {"token": token}, dpop="").json()
    assert told["token_type"] == "DPoP"
    assert told["cnf"] == {"jkt": PROOF_KEY.thumbprint()}
    assert keys.read(token, kind="Bearer")["cnf"] == told["cnf"]


@pytest.mark.django_db(transaction=True)
def test_one_proof_used_many_times_at_once_is_accepted_once(doctor: Person) -> None:
    fapi = signing_portal()
    fapi.with_nonce()
    token = fapi.bound_tokens(doctor)["access_token"]
    proof = fapi.proof("userinfo", method="GET", access_token=token)
    answers = all_at_once(lambda: fapi.resource(token, proof=proof), many=10)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
