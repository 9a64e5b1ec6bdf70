"""private_key_jwt: signed by a registered key, for us, now, once (RFC 7523, FAPI 2.0 suite)."""

import base64
import hmac
from datetime import timedelta
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from idp.audit.models import AuditRow
from idp.core import clock
from idp.oidc.flows.purge import purge_seen
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client, SeenId
from idp.oidc.rules.client_jwks import unverified_jwt
from idp.oidc.rules.profiles import ProfileName
from tests.oidc.odd_tokens import unencoded_payload, zipped
from tests.oidc.portal import SECRET, Portal, basic, issuer
from tests.oidc.signing_portal import KEYS, PAR, SigningPortal, signed, signing_portal, unsigned
from tests.oidc.test_parallel_use import all_at_once

pytestmark = pytest.mark.django_db
ENDPOINTS = f"{issuer()}/protocol/openid-connect"


@pytest.fixture
def fapi(db: None) -> SigningPortal:
    return signing_portal()


@pytest.fixture
def standard(db: None) -> SigningPortal:
    return signing_portal("portail-cles", profile=ProfileName.STANDARD)


def call(portal: SigningPortal, assertion: str | None, **form: str | None) -> Any:
    """An introspection, which needs nothing but authentication."""
    sent = {"token": "x", "client_assertion": assertion, **form}
    return portal.send("token/introspect", sent, dpop="")


def assert_accepted(response: Any) -> None:
    assert (response.status_code, response.json()) == (200, {"active": False})


def assert_refused(response: Any) -> None:
    assert response.status_code == 401, response.content
    assert response.json() == {
        "error": "invalid_client",
        "error_description": "Client authentication failed.",
    }


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_an_assertion_of_each_pinned_algorithm_is_accepted(fapi: SigningPortal, alg: str) -> None:
    assert_accepted(call(fapi, fapi.assertion(alg)))


def test_fapi2_ensure_signed_client_assertion_with_rs256_fails(
    fapi: SigningPortal, standard: SigningPortal
) -> None:
    assert_refused(call(fapi, fapi.assertion("RS256")))
    assert_accepted(call(standard, standard.assertion("RS256")))


def test_fapi2_ensure_client_assertion_in_token_endpoint(fapi: SigningPortal) -> None:
    assert_refused(call(fapi, None, client_assertion_type=None))
    assert_refused(call(fapi, None))
    assert_refused(call(fapi, fapi.assertion(), client_assertion_type="other"))


def now() -> int:
    return int(clock.now().timestamp())


@pytest.mark.parametrize(
    ("claim", "offset"),
    [
        # ensure-client-assertion-with-exp-is-5-minutes-in-past-fails
        ("exp", -300),
        ("exp", 0),
        ("exp", 7200),
        # par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails
        ("nbf", 70),
        ("nbf", 11),
        ("iat", 3600),
    ],
)
def test_fapi2_client_assertions_out_of_their_time_fail(
    fapi: SigningPortal, claim: str, offset: int
) -> None:
    with clock.frozen(clock.now()):
        changes: dict[str, Any] = {claim: now() + offset}
        assertion = fapi.assertion(**changes)
        assert_refused(fapi.send(PAR, {**fapi.request, "client_assertion": assertion}, dpop=""))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_fapi2_par_ensure_jwt_client_assertions_nbf_8_seconds_in_the_future_is_accepted(
    fapi: SigningPortal, claim: str
) -> None:
    changes: dict[str, Any] = {claim: now() + 8}
    form = {**fapi.request, "client_assertion": fapi.assertion(**changes)}
    assert fapi.send(PAR, form, dpop="").status_code == 201


@pytest.mark.parametrize(
    "audience",
    [
        "https://evil.example/",
        issuer() + "/",
        None,
        # par-test-array-as-audience-fails
        [issuer()],
        # par-test-par-endpoint-url-as-audience-fails
        f"{ENDPOINTS}/{PAR}",
        # par-test-token-endpoint-url-as-audience-fails
        f"{ENDPOINTS}/token",
    ],
)
@pytest.mark.parametrize("endpoint", [PAR, "token/introspect"])
def test_fapi2_ensure_client_assertion_with_wrong_aud_fails(
    fapi: SigningPortal, audience: object, endpoint: str
) -> None:
    form = {**fapi.request, "token": "x", "client_assertion": fapi.assertion(aud=audience)}
    assert_refused(fapi.send(endpoint, form, dpop=""))


@pytest.mark.parametrize(
    "audience",
    [issuer(), [issuer(), "https://other.example"], f"{ENDPOINTS}/token", [f"{ENDPOINTS}/token"]],
)
def test_oidcc_ensure_client_assertion_with_iss_aud_succeeds(
    standard: SigningPortal, audience: object
) -> None:
    assert_accepted(call(standard, standard.assertion(aud=audience)))


def test_another_audience_is_refused_in_every_profile(standard: SigningPortal) -> None:
    assert_refused(call(standard, standard.assertion(aud=["https://other.example"])))
    assert_refused(call(standard, standard.assertion(aud={"a": 1})))


@pytest.mark.parametrize(
    "changes",
    [
        # ensure-client-assertion-with-no-sub-fails
        {"sub": None},
        {"sub": 1},
        {"sub": "autre"},
        {"iss": None},
        {"iss": "autre"},
        {"jti": None},
        {"jti": ""},
        {"jti": 1},
        {"jti": "j" * 257},
        {"exp": None},
        {"exp": "2099"},
        {"exp": True},
        {"nbf": "now"},
        {"nbf": None, "iat": []},
    ],
)
def test_an_assertion_with_one_wrong_claim_is_refused(
    fapi: SigningPortal, changes: dict[str, Any]
) -> None:
    assert_refused(call(fapi, fapi.assertion(**changes)))


def test_an_assertion_serves_once_at_any_endpoint(fapi: SigningPortal) -> None:
    assertion = fapi.assertion()
    assert_accepted(call(fapi, assertion))
    assert_refused(call(fapi, assertion))
    assert_refused(fapi.send(PAR, {**fapi.request, "client_assertion": assertion}, dpop=""))
    row = AuditRow.objects.latest("id")
    assert row.data["detail"] == "assertion: jti used before"


def test_one_jti_of_two_clients_is_two(fapi: SigningPortal, standard: SigningPortal) -> None:
    assert_accepted(call(fapi, fapi.assertion(jti="same")))
    assert_accepted(call(standard, standard.assertion(jti="same")))


def test_a_refused_assertion_uses_up_no_jti(fapi: SigningPortal) -> None:
    call(fapi, fapi.assertion(aud="https://evil.example", jti="kept"))
    assert not SeenId.objects.exists()
    assert_accepted(call(fapi, fapi.assertion(jti="kept")))


def test_a_key_that_is_not_registered_signs_nothing(fapi: SigningPortal) -> None:
    stranger = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)
    assert_refused(call(fapi, fapi.assertion(key=stranger)))


def signed_by_public_key(claims: dict[str, Any]) -> str:
    """HS256 with the PEM of a public key as the secret: the classic confusion."""
    head, body, _empty = unsigned(claims, alg="HS256").split(".")
    assert isinstance(KEYS["RS256"], RSAKey)
    secret = KEYS["RS256"].as_pem(private=False)
    mac = hmac.digest(secret, f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def test_none_and_a_public_key_as_secret_are_refused(fapi: SigningPortal) -> None:
    claims = {
        "iss": "portail-fapi",
        "sub": "portail-fapi",
        "aud": issuer(),
        "jti": "1",
        "exp": now() + 60,
    }
    assert_refused(call(fapi, unsigned(claims)))
    assert_refused(call(fapi, signed_by_public_key(claims)))
    inside = {"alg": "ES256", "jwk": KEYS["ES256"].as_dict(private=False)}
    stranger = ECKey.generate_key("P-256", private=True)
    assert_refused(call(fapi, signed(inside, claims, stranger)))
    for text in ("x", "a.b.c", "[" * 5000, "é.é.é"):
        assert_refused(call(fapi, text))
    assert call(fapi, "x" * 17_000).status_code == 400


def test_an_unencoded_or_encrypted_assertion_gets_no_token(standard: SigningPortal) -> None:
    key = KEYS["ES256"]
    unencoded = unencoded_payload(
        dict(unverified_jwt(standard.assertion()).claims), alg="ES256", kid="ec", key=key
    )
    for assertion in (*unencoded, zipped(standard.assertion())):
        form = {"grant_type": "client_credentials", "client_assertion": assertion}
        assert_refused(standard.send("token", form, dpop=""))
    assert standard.send("token", {"grant_type": "client_credentials"}, dpop="").status_code == 200


def test_a_request_object_is_no_assertion(fapi: SigningPortal) -> None:
    assert_refused(call(fapi, fapi.request_object(jti="x")))


def test_a_secret_beside_an_assertion_is_refused(fapi: SigningPortal) -> None:
    assert_refused(call(fapi, fapi.assertion(), client_secret="x" * 43))


def test_an_assertion_names_one_client(fapi: SigningPortal, standard: SigningPortal) -> None:
    assert_refused(call(fapi, fapi.assertion(), client_id=standard.client.client_id))
    assert_accepted(call(fapi, fapi.assertion(), client_id=None))


def test_a_client_with_keys_has_no_secret(fapi: SigningPortal) -> None:
    for secret in ("", "x", "None", SECRET):
        refused = fapi.call(
            "token/introspect", {"token": "x"}, HTTP_AUTHORIZATION=basic("portail-fapi", secret)
        )
        assert_refused(refused)


def test_a_client_with_a_secret_is_not_believed_by_a_key(
    portal: Portal, fapi: SigningPortal
) -> None:
    Client.objects.filter(pk=portal.client.pk).update(jwks=fapi.client.jwks)
    forget_client(portal.client.client_id)
    assert_refused(call(SigningPortal(portal.client), None))
    claims = SigningPortal(portal.client).assertion()
    assert_refused(call(SigningPortal(portal.client), claims))


def test_the_audit_names_the_client_that_signed(fapi: SigningPortal) -> None:
    call(fapi, fapi.assertion(aud="x"), client_id=None)
    assert AuditRow.objects.latest("id").client_id == "portail-fapi"


@pytest.mark.django_db(transaction=True)
def test_one_assertion_used_many_times_at_once_is_accepted_once() -> None:
    fapi = signing_portal()
    assertion = fapi.assertion()
    answers = all_at_once(lambda: call(fapi, assertion), many=10)
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9


def test_what_was_seen_is_forgotten_when_it_could_come_no_more(fapi: SigningPortal) -> None:
    call(fapi, fapi.assertion())
    assert purge_seen() == 0
    with clock.frozen(clock.now() + timedelta(hours=2)):
        assert purge_seen() == 1
