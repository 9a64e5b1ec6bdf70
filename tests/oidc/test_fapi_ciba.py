"""FAPI-CIBA ID1, poll and ping: tests by the names of the conformance suite's modules."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey

from idp.core import clock, secrets
from idp.directory.models import Person
from idp.login.models import LoginAttempt
from idp.oidc.rules.ciba_request import CIBA_GRANT
from tests.oidc.ciba import DOCTOR_RPPS, answer, later, refusal_of
from tests.oidc.portal import issuer
from tests.oidc.signing_portal import KEYS, SigningPortal, signed, signing_portal, unsigned

pytestmark = pytest.mark.django_db
BACKCHANNEL = "ext/ciba/auth"
GRANTS = (CIBA_GRANT, "refresh_token", "client_credentials")
OTHER_KEY = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)


class Suite:
    """The conformance suite as a client: signs its requests, proves a key, binds its tokens."""

    def __init__(self, portal: SigningPortal) -> None:
        self.portal = portal

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(clock.now().timestamp())
        return {
            "iss": self.portal.client.client_id,
            "aud": issuer(),
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "jti": secrets.new_token(),
            "scope": "openid scope_all",
            "login_hint": f"8{DOCTOR_RPPS}",
            "binding_message": "1234",
            **changes,
        }

    def ask(self, alg: str = "ES256", **changes: Any) -> Any:
        key = KEYS[alg]
        return self.send(signed({"alg": alg, "kid": key.kid}, self.claims(**changes), key))

    def send(self, request: str, **form: str | None) -> Any:
        return self.portal.send(BACKCHANNEL, {"request": request, **form}, dpop="")

    def begin(self, **changes: Any) -> str:
        response = self.ask(**changes)
        assert response.status_code == 200, response.content
        return str(response.json()["auth_req_id"])

    def poll(self, auth_req_id: str, *, dpop: str | None = None, **form: str | None) -> Any:
        values = {"grant_type": CIBA_GRANT, "auth_req_id": auth_req_id, **form}
        return self.portal.send("token", values, dpop=dpop)


@pytest.fixture
def suite(doctor: Person) -> Suite:
    portal = signing_portal(grant_types=GRANTS)
    portal.with_nonce()
    return Suite(portal)


@pytest.fixture
def second(doctor: Person) -> Suite:
    portal = signing_portal("second-fapi", grant_types=GRANTS)
    portal.with_nonce()
    return Suite(portal)


def refused(response: Any) -> None:
    assert refusal_of(response) == (400, "invalid_request")
    assert not LoginAttempt.objects.exists()


def test_fapi_ciba_id1(suite: Suite, second: Suite) -> None:
    """Two clients, each with tokens bound to its key."""
    for each in (suite, second):
        auth_req_id = each.begin()
        assert refusal_of(each.poll(auth_req_id)) == (400, "authorization_pending")
        answer(auth_req_id)
        tokens = each.poll(auth_req_id).json()
        assert tokens["token_type"] == "DPoP"
        assert each.portal.resource(tokens["access_token"]).status_code == 200
        assert each.portal.userinfo(tokens["access_token"]).status_code == 401


def test_fapi_ciba_id1_user_rejects_authentication(suite: Suite) -> None:
    auth_req_id = suite.begin()
    answer(auth_req_id, "deny")
    assert refusal_of(suite.poll(auth_req_id)) == (400, "access_denied")


def test_fapi_ciba_id1_multiple_call_to_token_endpoint(suite: Suite) -> None:
    auth_req_id = suite.begin()
    said = [suite.poll(auth_req_id).json()["error"] for _nth in range(3)]
    assert said == ["authorization_pending", "slow_down", "slow_down"]
    answer(auth_req_id)
    assert suite.poll(auth_req_id).status_code == 200


@pytest.mark.parametrize("expiry", [10, "10"])
def test_fapi_ciba_id1_auth_req_id_expired(suite: Suite, expiry: int | str) -> None:
    auth_req_id = suite.begin(requested_expiry=expiry)
    with later(11):
        assert refusal_of(suite.poll(auth_req_id)) == (400, "expired_token")


def test_fapi_ciba_id1_ensure_requested_expiry_as_string_succeeds(suite: Suite) -> None:
    assert suite.ask(requested_expiry="30").json()["expires_in"] == 30


def test_fapi_ciba_id1_ensure_authorization_request_with_binding_message_succeeds(
    suite: Suite,
) -> None:
    assert suite.ask(binding_message="1234").status_code == 200


def test_fapi_ciba_id1_ensure_authorization_request_with_potentially_bad_binding_message(
    suite: Suite,
) -> None:
    response = suite.ask(binding_message="1234 👍🏿 品川 " * 10)
    assert refusal_of(response) == (400, "invalid_binding_message")


def test_fapi_ciba_id1_ensure_other_scope_order_succeeds(suite: Suite) -> None:
    assert suite.ask(scope="scope_all openid").status_code == 200


OBJECTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "missing_aud": lambda now: {"aud": None},
    "bad_aud": lambda now: {"aud": "https://other.example"},
    "missing_iss": lambda now: {"iss": None},
    "bad_iss": lambda now: {"iss": "someone-else"},
    "missing_exp": lambda now: {"exp": None},
    "expired_exp": lambda now: {"exp": now - 300},
    "exp_is_70_minutes_in_future": lambda now: {"exp": now + 70 * 60},
    "missing_iat": lambda now: {"iat": None},
    "missing_nbf": lambda now: {"nbf": None},
    "nbf_is_10_minutes_in_future": lambda now: {"nbf": now + 600, "exp": now + 900},
    "nbf_is_70_minutes_in_past": lambda now: {"nbf": now - 70 * 60},
    "missing_jti": lambda now: {"jti": None},
    "sub_of_an_assertion": lambda now: {"sub": "portail-fapi"},
    "scope_of_the_wrong_type": lambda now: {"scope": ["openid"]},
    "times_that_are_no_numbers": lambda now: {"exp": str(now + 60)},
}


@pytest.mark.parametrize("bent", OBJECTS)
def test_fapi_ciba_id1_ensure_request_object_fails(suite: Suite, bent: str) -> None:
    refused(suite.ask(**OBJECTS[bent](int(clock.now().timestamp()))))


def test_fapi_ciba_id1_ensure_request_object_signature_algorithm_is_none_fails(
    suite: Suite,
) -> None:
    refused(suite.send(unsigned(suite.claims())))


def test_fapi_ciba_id1_ensure_request_object_signature_algorithm_is_bad_fails(
    suite: Suite,
) -> None:
    refused(suite.send(signed({"alg": "ES256", "kid": "ec"}, suite.claims(), OTHER_KEY)))


def test_fapi_ciba_id1_ensure_request_object_signature_algorithm_is_rs256_fails(
    suite: Suite,
) -> None:
    refused(suite.ask("RS256"))


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_the_algorithms_of_fapi_are_accepted(suite: Suite, alg: str) -> None:
    assert suite.ask(alg).status_code == 200


def test_fapi_ciba_id1_ensure_request_object_signed_by_other_client_fails(
    suite: Suite, doctor: Person
) -> None:
    other = signing_portal(
        "clef-propre",
        grant_types=GRANTS,
        jwks={"keys": [OTHER_KEY.as_dict(private=False)]},
    )
    now_signed = signed({"alg": "ES256", "kid": "ec"}, Suite(other).claims(), OTHER_KEY)
    refused(suite.send(now_signed))


def test_a_request_object_serves_once(suite: Suite) -> None:
    request = signed({"alg": "ES256", "kid": "ec"}, suite.claims(), KEYS["ES256"])
    assert suite.send(request).status_code == 200
    assert refusal_of(suite.send(request)) == (400, "invalid_request")


def test_a_parameter_beside_the_object_is_refused(suite: Suite) -> None:
    request = signed({"alg": "ES256", "kid": "ec"}, suite.claims(), KEYS["ES256"])
    refused(suite.send(request, binding_message="5678"))


def test_fapi_ciba_id1_ensure_authorization_request_with_multiple_hints_fails(
    suite: Suite,
) -> None:
    refused(suite.ask(login_hint_token="token"))
    auth_req_id = suite.begin()
    answer(auth_req_id)
    id_token = suite.poll(auth_req_id).json()["id_token"]
    # Each of the two is good alone.
    assert suite.ask(login_hint=None, id_token_hint=id_token).status_code == 200
    assert refusal_of(suite.ask(id_token_hint=id_token)) == (400, "invalid_request")


def test_fapi_ciba_id1_ensure_unsigned_backchannel_authorization_request_fails(
    suite: Suite,
) -> None:
    form: dict[str, str | None] = {"scope": "openid", "login_hint": f"8{DOCTOR_RPPS}"}
    refused(suite.portal.send(BACKCHANNEL, form, dpop=""))


def test_fapi_ciba_id1_ensure_wrong_auth_req_id_in_token_endpoint_request(
    suite: Suite, second: Suite
) -> None:
    auth_req_id = second.begin()
    answer(auth_req_id)
    assert refusal_of(suite.poll(auth_req_id)) == (400, "invalid_grant")
    assert second.poll(auth_req_id).status_code == 200


def is_client_refusal(response: Any) -> bool:
    return response.status_code in (400, 401) and response.json()["error"] in (
        "invalid_client",
        "invalid_request",
    )


def test_fapi_ciba_id1_ensure_different_client_id_and_issuer_in_backchannel_request(
    suite: Suite, second: Suite
) -> None:
    """The object says one client, the proof another."""
    key = KEYS["ES256"]
    request = signed({"alg": "ES256", "kid": key.kid}, second.claims(), key)
    assert is_client_refusal(suite.send(request))


def test_fapi_ciba_id1_ensure_wrong_client_id_in_token_endpoint_request(
    suite: Suite, second: Suite
) -> None:
    auth_req_id = suite.begin()
    wrong = second.portal.client.client_id
    assert is_client_refusal(suite.poll(auth_req_id, client_id=wrong))


def test_fapi_ciba_id1_ensure_without_client_assertion_in_token_endpoint_request(
    suite: Suite,
) -> None:
    auth_req_id = suite.begin()
    without = {"client_assertion": None, "client_assertion_type": None}
    assert is_client_refusal(suite.poll(auth_req_id, **without))


def test_fapi_ciba_id1_ensure_without_client_assertion_in_backchannel_request(
    suite: Suite,
) -> None:
    request = signed({"alg": "ES256", "kid": "ec"}, suite.claims(), KEYS["ES256"])
    response = suite.send(request, client_assertion=None, client_assertion_type=None)
    assert is_client_refusal(response)


def test_fapi_ciba_id1_ensure_client_assertion_signature_algorithm_rs256_fails(
    suite: Suite,
) -> None:
    request = signed({"alg": "ES256", "kid": "ec"}, suite.claims(), KEYS["ES256"])
    assertion = suite.portal.assertion("RS256")
    assert is_client_refusal(suite.send(request, client_assertion=assertion))
    auth_req_id = suite.begin()
    assertion = suite.portal.assertion("RS256")
    assert is_client_refusal(suite.poll(auth_req_id, client_assertion=assertion))


def test_fapi_ciba_id1_ensure_client_assertion_with_iss_aud_to_token_endpoint_succeeds(
    suite: Suite,
) -> None:
    auth_req_id = suite.begin()
    answer(auth_req_id)
    assertion = suite.portal.assertion(aud=issuer())
    assert suite.poll(auth_req_id, client_assertion=assertion).status_code == 200


def test_fapi_ciba_id1_refresh_token(suite: Suite, second: Suite) -> None:
    auth_req_id = suite.begin()
    answer(auth_req_id)
    token = suite.poll(auth_req_id).json()["refresh_token"]
    assert refusal_of(second.portal.refresh_signed(token)) == (400, "invalid_grant")
    assert suite.portal.refresh_signed(token).status_code == 200


def test_tokens_are_not_given_without_the_proof_of_a_key(suite: Suite) -> None:
    auth_req_id = suite.begin()
    answer(auth_req_id)
    assert suite.poll(auth_req_id, dpop="").status_code == 400
    # Refused before the request was redeemed: the next try, with a proof, succeeds.
    assert suite.poll(auth_req_id).status_code == 200


def test_a_fapi_portal_is_told_that_nobody_has_the_identifier(suite: Suite) -> None:
    response = suite.ask(login_hint="810100271385")
    assert refusal_of(response) == (400, "unknown_user_id")


def test_a_request_object_lives_an_hour_at_most(suite: Suite) -> None:
    request = signed({"alg": "ES256", "kid": "ec"}, suite.claims(), KEYS["ES256"])
    with clock.frozen(clock.now() + timedelta(seconds=301)):
        suite.portal.with_nonce()
        assert refusal_of(suite.send(request)) == (400, "invalid_request")
