"""Request objects (RFC 9101): signed, by value, at the authorization endpoint and through PAR."""

from typing import Any

import pytest
from joserfc.jwk import ECKey

from idp.core import clock
from idp.directory.models import Person
from idp.oidc.gateways import keys
from idp.oidc.rules.client_jwks import unverified_jwt
from idp.oidc.rules.profiles import ProfileName
from tests.oidc.odd_tokens import unencoded_payload, zipped
from tests.oidc.portal import REDIRECT_URI, VERIFIER, Portal, issuer, parameters_of
from tests.oidc.signing_portal import KEYS, SigningPortal, signed, signing_portal, unsigned

pytestmark = pytest.mark.django_db
KEY = KEYS["ES256"]
# What stands outside the object: enough to know where an error may go.
OUTSIDE = {"response_type": "code", "scope": "openid", "redirect_uri": REDIRECT_URI}


@pytest.fixture
def standard(db: None) -> SigningPortal:
    return signing_portal("portail-cles", profile=ProfileName.STANDARD)


@pytest.fixture
def fapi_other(db: None) -> SigningPortal:
    return signing_portal("autre-fapi")


def ask(portal: SigningPortal, request: str, **outside: str | None) -> Any:
    """Nothing but the object and what `outside` says."""
    absent: dict[str, str | None] = {name: None for name in portal.request if name != "client_id"}
    return portal.ask(**{**absent, "request": request, **outside})


def push(portal: SigningPortal, request: str) -> Any:
    absent: dict[str, str | None] = {name: None for name in portal.request if name != "client_id"}
    return portal.push(**{**absent, "request": request})


def now() -> int:
    return int(clock.now().timestamp())


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA", "RS256"])
def test_a_signed_request_stands_alone(standard: SigningPortal, doctor: Person, alg: str) -> None:
    response = standard.log_in(ask(standard, standard.request_object(alg)), doctor)
    answer = parameters_of(response)
    assert (answer["state"], answer["iss"]) == ("st4te", issuer())
    tokens = standard.redeem_signed(answer["code"], dpop="", code_verifier=VERIFIER).json()
    assert keys.read(tokens["id_token"], kind="ID")["nonce"] == "n0nce"


def test_oidcc_ensure_request_object_with_redirect_uri(
    standard: SigningPortal, doctor: Person
) -> None:
    response = ask(
        standard,
        standard.request_object(state="inside"),
        redirect_uri="https://evil.example/",
        state="outside",
        scope="openid",
    )
    final = standard.log_in(response, doctor)
    assert final["Location"].startswith(REDIRECT_URI)
    assert parameters_of(final)["state"] == "inside"


def test_what_only_stands_outside_is_not_used(standard: SigningPortal, doctor: Person) -> None:
    response = ask(standard, standard.request_object(state=None), state="outside")
    assert "state" not in parameters_of(standard.log_in(response, doctor))


def test_numbers_and_objects_inside_are_read(standard: SigningPortal, doctor: Person) -> None:
    wanted = standard.request_object(max_age=15, claims={"userinfo": {"name": {"essential": True}}})
    assert "code" in parameters_of(standard.log_in(ask(standard, wanted), doctor))


def test_oidcc_unsigned_request_object_is_rejected_as_unsupported(
    standard: SigningPortal, portal: Portal
) -> None:
    claims = {**standard.request, "iss": "portail-cles", "aud": issuer()}
    for response in (
        ask(standard, unsigned(claims), **OUTSIDE),
        # A portal that registered no key has nothing to sign with.
        portal.ask(request=standard.request_object()),
    ):
        assert parameters_of(response)["error"] == "request_not_supported"


def test_an_unencoded_or_encrypted_object_is_refused(standard: SigningPortal) -> None:
    plain = standard.request_object()
    claims = dict(unverified_jwt(plain).claims)
    forms = [*unencoded_payload(claims, alg="ES256", kid="ec", key=KEY), zipped(plain)]
    for form in forms:
        answer = parameters_of(ask(standard, form, **OUTSIDE))
        assert answer["error"] == "invalid_request_object"
        # Where no registered address stands outside, nobody is sent anywhere.
        assert ask(standard, form).status_code == 400


def test_a_request_by_reference_is_not_supported(standard: SigningPortal) -> None:
    response = standard.ask(request_uri="https://portail.example/request.jwt")
    assert parameters_of(response)["error"] == "request_uri_not_supported"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "autre"},
        {"client_id": "autre"},
        {"client_id": None},
        {"sub": "portail-cles"},
        {"exp": 1},
        {"exp": "2099"},
        {"nbf": 4_000_000_000},
        {"nbf": 1},
        {"request": "x"},
        {"request_uri": "https://portail.example/"},
        {"state": 1},
        {"state": ["a"]},
        {"scope": None, "nonce": "\x00"},
        {"max_age": True},
        {"claims": "{"},
    ],
)
def test_an_object_with_one_wrong_claim_is_refused(
    standard: SigningPortal, changes: dict[str, Any]
) -> None:
    response = ask(standard, standard.request_object(**changes), **OUTSIDE)
    answer = parameters_of(response)
    wanted = "invalid_request" if "claims" in changes else "invalid_request_object"
    assert (answer["error"], answer["iss"]) == (wanted, issuer())


@pytest.mark.parametrize("redirect_uri", [None, "https://evil.example/"])
def test_an_object_that_is_not_believed_sends_nobody_anywhere(
    standard: SigningPortal, redirect_uri: str | None
) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)
    forged = standard.request_object(key=stranger)
    assert ask(standard, forged, redirect_uri=redirect_uri).status_code == 400


def test_an_unregistered_address_inside_is_a_page(standard: SigningPortal) -> None:
    wanted = standard.request_object(redirect_uri="https://evil.example/")
    assert ask(standard, wanted, **OUTSIDE).status_code == 400


@pytest.mark.parametrize("name", ["request", "request_uri"])
def test_two_objects_are_refused(standard: SigningPortal, name: str) -> None:
    twice = f"/auth?client_id=portail-cles&redirect_uri={REDIRECT_URI}&{name}=a&{name}=b"
    assert parameters_of(standard.browser.get(twice))["error"] == "invalid_request"


def test_fapi2_a_signed_request_is_pushed(fapi: SigningPortal, doctor: Person) -> None:
    request_uri = push(fapi, fapi.request_object()).json()["request_uri"]
    answer = parameters_of(fapi.log_in(fapi.visit(request_uri), doctor))
    assert fapi.redeem_signed(answer["code"]).status_code == 200


def test_fapi2_a_signed_request_that_is_not_pushed_is_refused(fapi: SigningPortal) -> None:
    assert parameters_of(ask(fapi, fapi.request_object()))["error"] == "invalid_request"


def test_fapi2_ensure_request_object_with_multiple_aud_succeeds(fapi: SigningPortal) -> None:
    wanted = fapi.request_object(aud=["https://other.example", issuer()])
    assert push(fapi, wanted).status_code == 201


def test_fapi2_ensure_request_object_with_nbf_8_seconds_in_the_future_is_accepted(
    fapi: SigningPortal,
) -> None:
    assert push(fapi, fapi.request_object(nbf=now() + 8)).status_code == 201


def assert_refused(response: Any) -> None:
    assert response.status_code == 400, response.content
    assert response.json()["error"] in ("invalid_request_object", "request_not_supported")


@pytest.mark.parametrize(
    "offsets",
    [
        # ensure-request-object-without-exp-fails, -without-nbf-fails
        {"exp": None},
        {"nbf": None},
        # ensure-expired-request-object-fails
        {"exp": -1},
        # ensure-request-object-with-exp-over-60-fails
        {"exp": 3700},
        # ensure-request-object-with-nbf-over-60-fails
        {"nbf": -3700},
        {"nbf": 60},
    ],
)
def test_fapi2_request_objects_out_of_their_time_fail(
    fapi: SigningPortal, offsets: dict[str, int | None]
) -> None:
    moments: dict[str, Any] = {
        name: None if offset is None else now() + offset for name, offset in offsets.items()
    }
    assert_refused(push(fapi, fapi.request_object(**moments)))


def test_fapi2_ensure_request_object_with_bad_aud_fails(fapi: SigningPortal) -> None:
    assert_refused(push(fapi, fapi.request_object(aud="https://other.example")))


def test_fapi2_ensure_signed_request_object_with_rs256_fails(fapi: SigningPortal) -> None:
    assert_refused(push(fapi, fapi.request_object("RS256")))


def test_fapi2_ensure_request_object_signature_algorithm_is_not_none(fapi: SigningPortal) -> None:
    assert_refused(push(fapi, unsigned({**fapi.request, "aud": issuer()})))


def test_fapi2_ensure_request_object_with_invalid_signature_fails(fapi: SigningPortal) -> None:
    head, body, _signature = fapi.request_object().split(".")
    assert_refused(push(fapi, f"{head}.{body}.{'A' * 86}"))


def test_fapi2_ensure_matching_key_in_authorization_request(
    fapi: SigningPortal, fapi_other: SigningPortal
) -> None:
    assert_refused(push(fapi, fapi_other.request_object()))


def test_fapi2_par_authorization_request_containing_request_uri(fapi: SigningPortal) -> None:
    assert_refused(push(fapi, fapi.request_object(request_uri=fapi.pushed())))


def test_fapi2_ensure_request_object_without_redirect_uri_fails(fapi: SigningPortal) -> None:
    response = push(fapi, fapi.request_object(redirect_uri=None))
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_an_assertion_or_a_proof_is_no_request_object(
    fapi: SigningPortal, standard: SigningPortal
) -> None:
    assert_refused(push(fapi, fapi.assertion(client_id="portail-fapi")))
    claims = {**standard.request, "aud": issuer()}
    typed = signed({"alg": "ES256", "typ": "dpop+jwt", "kid": "ec"}, claims, KEY)
    assert parameters_of(ask(standard, typed, **OUTSIDE))["error"] == "invalid_request_object"
