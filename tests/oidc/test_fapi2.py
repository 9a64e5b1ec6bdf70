"""FAPI 2.0 Security Profile (final): tests by the names of the conformance suite's modules."""

from datetime import timedelta

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from idp.core import clock
from idp.directory.models import Person
from idp.login.models import LoginAttempt
from idp.oidc.gateways import keys
from idp.oidc.models import Grant
from tests.oidc.portal import REDIRECT_URI, issuer, parameters_of
from tests.oidc.signing_portal import (
    PAR,
    PROOF_KEY,
    SigningPortal,
    assert_error,
)
from tests.oidc.test_documents import document

pytestmark = pytest.mark.django_db
OTHER_KEY = ECKey.generate_key("P-256", private=True)


def test_fapi2_discovery_end_point_verification() -> None:
    told = document()
    assert told["response_types_supported"] == ["code"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["pushed_authorization_request_endpoint"].endswith(f"/{PAR}")
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert "private_key_jwt" in told["token_endpoint_auth_methods_supported"]
    algs = ["PS256", "ES256", "EdDSA", "RS256"]
    assert told["token_endpoint_auth_signing_alg_values_supported"] == algs
    assert told["request_object_signing_alg_values_supported"] == algs
    assert told["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]


def test_fapi2_happy_flow(fapi: SigningPortal, other: SigningPortal, doctor: Person) -> None:
    for portal in (fapi, other):
        tokens = portal.bound_tokens(doctor)
        assert tokens["token_type"] == "DPoP"
        claims = keys.read(tokens["access_token"], kind="Bearer")
        assert claims["cnf"] == {"jkt": PROOF_KEY.thumbprint()}
        told = portal.resource(tokens["access_token"])
        assert told.status_code == 200, told.content
        assert told.json()["SubjectNameID"] == doctor.national_id


def test_fapi2_no_token_of_this_profile_is_signed_with_rs256(
    fapi: SigningPortal, doctor: Person
) -> None:
    tokens = fapi.bound_tokens(doctor)
    for name in ("access_token", "id_token"):
        header = jwt.decode(tokens[name], keys.ring().verifying, algorithms=["ES256"]).header
        assert header["alg"] == "ES256"


def test_fapi2_user_rejects_authentication(fapi: SigningPortal) -> None:
    response = fapi.visit(fapi.pushed())
    attempt = LoginAttempt.objects.get()
    cancelled = fapi.browser.post(f"/login/{attempt.pk}/cancel", follow=False)
    assert response.status_code == 302
    while "portail.example" not in cancelled["Location"]:
        cancelled = fapi.browser.get(cancelled["Location"])
    assert parameters_of(cancelled)["error"] == "access_denied"
    assert parameters_of(cancelled)["iss"] == issuer()


def answered(portal: SigningPortal, person: Person, **changes: str | None) -> dict[str, str]:
    response = portal.visit(portal.pushed(**changes))
    return parameters_of(portal.log_in(response, person))


def test_fapi2_ensure_authorization_request_without_state_success(
    fapi: SigningPortal, doctor: Person
) -> None:
    answer = answered(fapi, doctor, state=None)
    assert set(answer) == {"code", "iss"}


def test_fapi2_ensure_authorization_request_without_nonce_success(
    fapi: SigningPortal, doctor: Person
) -> None:
    code = answered(fapi, doctor, nonce=None)["code"]
    token = fapi.redeem_signed(code).json()["id_token"]
    assert "nonce" not in keys.read(token, kind="ID")


@pytest.mark.parametrize("length", [64, 384])
def test_fapi2_ensure_authorization_request_with_long_nonce(
    fapi: SigningPortal, doctor: Person, length: int
) -> None:
    code = answered(fapi, doctor, nonce="n" * length)["code"]
    token = fapi.redeem_signed(code).json()["id_token"]
    assert keys.read(token, kind="ID")["nonce"] == "n" * length


def test_fapi2_ensure_authorization_request_with_long_state(
    fapi: SigningPortal, doctor: Person
) -> None:
    assert answered(fapi, doctor, state="s" * 384)["state"] == "s" * 384


def test_fapi2_ensure_other_scope_order_succeeds(fapi: SigningPortal, doctor: Person) -> None:
    assert "code" in answered(fapi, doctor, scope="scope_all openid")


@pytest.mark.parametrize("scheme", ["DPoP", "dpop", "dPoP"])
def test_fapi2_access_token_type_header_case_sensitivity(
    fapi: SigningPortal, doctor: Person, scheme: str
) -> None:
    token = fapi.bound_tokens(doctor)["access_token"]
    assert fapi.resource(token, scheme=scheme).status_code == 200


@pytest.mark.parametrize("seconds", [-10, 10])
def test_fapi2_ensure_dpopproof_with_iat_10seconds_before_or_after_succeeds(
    fapi: SigningPortal, doctor: Person, seconds: int
) -> None:
    def iat() -> int:
        return int(clock.now().timestamp()) + seconds

    request_uri = fapi.push(dpop=fapi.proof(PAR, iat=iat())).json()["request_uri"]
    code = parameters_of(fapi.log_in(fapi.visit(request_uri), doctor))["code"]
    tokens = fapi.redeem_signed(code, dpop=fapi.proof("token", iat=iat())).json()
    assert fapi.resource(tokens["access_token"], iat=iat()).status_code == 200


def test_fapi2_ensure_mismatched_dpop_jkt_fails(fapi: SigningPortal) -> None:
    response = fapi.push(dpop=fapi.proof(PAR), dpop_jkt=OTHER_KEY.thumbprint())
    assert_error(response, "invalid_dpop_proof")


def test_fapi2_ensure_token_endpoint_fails_with_mismatched_dpop_proof_jkt(
    fapi: SigningPortal, doctor: Person
) -> None:
    request_uri = fapi.push(dpop=fapi.proof(PAR)).json()["request_uri"]
    code = parameters_of(fapi.log_in(fapi.visit(request_uri), doctor))["code"]
    assert_error(fapi.redeem_signed(code, dpop=fapi.proof("token", key=OTHER_KEY)), "invalid_grant")
    assert Grant.objects.get().code_used_at is None


def test_fapi2_ensure_token_endpoint_fails_with_mismatched_dpop_jkt(
    fapi: SigningPortal, doctor: Person
) -> None:
    code = fapi.code_pushed(doctor, dpop_jkt=OTHER_KEY.thumbprint())
    assert_error(fapi.redeem_signed(code), "invalid_grant")


def test_fapi2_ensure_dpopproof_at_par_endpoint_binding_success(
    fapi: SigningPortal, doctor: Person
) -> None:
    request_uri = fapi.push(dpop=fapi.proof(PAR)).json()["request_uri"]
    code = parameters_of(fapi.log_in(fapi.visit(request_uri), doctor))["code"]
    assert Grant.objects.get().code_jkt == PROOF_KEY.thumbprint()
    assert fapi.redeem_signed(code).status_code == 200


def test_fapi2_ensure_dpop_auth_code_binding_success(fapi: SigningPortal, doctor: Person) -> None:
    code = fapi.code_pushed(doctor, dpop_jkt=PROOF_KEY.thumbprint())
    assert fapi.redeem_signed(code).status_code == 200


def test_fapi2_state_only_outside_request_object_not_used(
    fapi: SigningPortal, doctor: Person
) -> None:
    request_uri = fapi.pushed(state=None)
    response = fapi.log_in(fapi.visit(request_uri, state="outside"), doctor)
    assert "state" not in parameters_of(response)


def test_fapi2_ensure_different_state_and_nonce_inside_and_outside_use_the_pushed_ones(
    fapi: SigningPortal, doctor: Person
) -> None:
    response = fapi.log_in(fapi.visit(fapi.pushed(), state="outside", nonce="outside"), doctor)
    answer = parameters_of(response)
    assert answer["state"] == "st4te"
    token = fapi.redeem_signed(answer["code"]).json()["id_token"]
    assert keys.read(token, kind="ID")["nonce"] == "n0nce"


@pytest.mark.parametrize("uri", [None, "https://evil.example/", REDIRECT_URI + "/"])
def test_fapi2_ensure_registered_redirect_uri(fapi: SigningPortal, uri: str | None) -> None:
    assert_error(fapi.push(redirect_uri=uri), "invalid_request")


def test_fapi2_ensure_unsigned_authorization_request_without_using_par_fails(
    fapi: SigningPortal,
) -> None:
    answer = parameters_of(fapi.ask())
    assert (answer["error"], answer["iss"]) == ("invalid_request", issuer())


@pytest.mark.parametrize("response_type", ["code id_token", "token", "code token"])
def test_fapi2_ensure_response_type_other_than_code_fails(
    fapi: SigningPortal, response_type: str
) -> None:
    assert_error(fapi.push(response_type=response_type), "unsupported_response_type")


def test_fapi2_ensure_client_id_in_token_endpoint(
    fapi: SigningPortal, other: SigningPortal, doctor: Person
) -> None:
    code = fapi.code_pushed(doctor)
    response = fapi.redeem_signed(code, client_id=other.client.client_id)
    assert_error(response, "invalid_client")


def test_fapi2_ensure_holder_of_key_required(fapi: SigningPortal, doctor: Person) -> None:
    code = fapi.code_pushed(doctor)
    assert_error(fapi.redeem_signed(code, dpop=""), "invalid_dpop_proof")
    assert fapi.redeem_signed(code).status_code == 200


def test_fapi2_ensure_authorization_code_is_bound_to_client(
    fapi: SigningPortal, other: SigningPortal, doctor: Person
) -> None:
    assert_error(other.redeem_signed(fapi.code_pushed(doctor)), "invalid_grant")


def test_fapi2_attempt_reuse_authorization_code_after_one_second(
    fapi: SigningPortal, doctor: Person
) -> None:
    code = fapi.code_pushed(doctor)
    tokens = fapi.redeem_signed(code).json()
    with clock.frozen(clock.now() + timedelta(seconds=1)):
        assert_error(fapi.redeem_signed(code), "invalid_grant")
        assert fapi.resource(tokens["access_token"]).status_code == 401


def test_fapi2_ensure_token_endpoint_fails_with_expired_auth_code(
    fapi: SigningPortal, doctor: Person
) -> None:
    code = fapi.code_pushed(doctor)
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert_error(fapi.redeem_signed(code), "invalid_grant")


def test_fapi2_refresh_token(fapi: SigningPortal, other: SigningPortal, doctor: Person) -> None:
    token = fapi.bound_tokens(doctor)["refresh_token"]
    assert_error(other.refresh_signed(token), "invalid_grant")
    assert_error(fapi.refresh_signed(token, dpop=""), "invalid_dpop_proof")
    other_proof = fapi.proof("token", key=OTHER_KEY)
    assert_error(fapi.refresh_signed(token, dpop=other_proof), "invalid_grant")
    without = {"grant_type": "refresh_token", "refresh_token": token}
    absent = {"client_assertion": None, "client_assertion_type": None}
    assert_error(fapi.send("token", {**without, **absent}), "invalid_client")
    answer = fapi.refresh_signed(token)
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "DPoP"
    assert fapi.resource(answer.json()["access_token"]).status_code == 200
