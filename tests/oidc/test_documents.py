"""Discovery and JWKS: the same at both names, true, cacheable, and free of private parts."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from idp.directory.models import Person
from idp.oidc.flows.keys import rotate_keys
from idp.oidc.gateways import keys
from idp.oidc.rules.ciba_request import CIBA_GRANT
from tests.oidc.portal import PROTOCOL, Browser, Portal, issuer

pytestmark = pytest.mark.django_db
CIBA_PATH = "/protocol/openid-connect/ext/ciba/auth"
WELL_KNOWN = "/auth/realms/esante-wallet/.well-known"
DOCUMENTS = [
    f"{WELL_KNOWN}/openid-configuration",
    f"{WELL_KNOWN}/wallet-openid-configuration",
    f"{PROTOCOL}/certs",
]
# RFC 8414 §3.1: the well-known part stands before the path of the issuer.
BEFORE_THE_PATH = [
    f"/.well-known/{name}/auth/realms/esante-wallet"
    for name in ("oauth-authorization-server", "openid-configuration")
]


def document(address: str = DOCUMENTS[0]) -> dict[str, Any]:
    answer: dict[str, Any] = Browser().get(address).json()
    return answer


@pytest.mark.parametrize("address", BEFORE_THE_PATH)
def test_the_document_stands_where_rfc_8414_looks_for_it(address: str) -> None:
    assert Browser().get(address).content == Browser().get(DOCUMENTS[0]).content
    assert Browser().get(f"{address}x").status_code == 404


def test_both_names_serve_the_same_document() -> None:
    assert document(DOCUMENTS[0]) == document(DOCUMENTS[1])
    assert document()["issuer"] == issuer()


# What a proxy, or a stranger, says of the name that was asked.
CLAIMED = [
    {"HTTP_HOST": "evil.test"},
    {"HTTP_HOST": "127.0.0.1:9999"},
    {"HTTP_X_FORWARDED_HOST": "evil.test"},
    {"HTTP_X_FORWARDED_PROTO": "https"},
    {"HTTP_X_FORWARDED_PORT": "444"},
    {"HTTP_FORWARDED": "for=192.0.2.1;host=evil.test;proto=https"},
]


@pytest.mark.parametrize("claimed", CLAIMED, ids=lambda claimed: next(iter(claimed)))
def test_no_header_changes_the_issuer_nor_an_address(
    portal: Portal, doctor: Person, claimed: dict[str, Any]
) -> None:
    for address in (*DOCUMENTS, *BEFORE_THE_PATH):
        plain = Browser().get(address).content
        assert Browser().get(address, **claimed).content == plain, address
    refresh_token = portal.tokens(doctor)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    issued = portal.token_call(form, **claimed).json()
    assert keys.read(issued["access_token"], kind="Bearer")["iss"] == issuer()
    access: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {issued['access_token']}"}
    plain = Browser().get(f"{PROTOCOL}/userinfo", **access).content
    told = Browser().get(f"{PROTOCOL}/userinfo", **access, **claimed)
    assert (told.status_code, told.content) == (200, plain)


def test_every_endpoint_that_is_advertised_answers() -> None:
    for name, address in document().items():
        if name.endswith("_endpoint") or name == "jwks_uri":
            status = Browser().get(urlsplit(address).path).status_code
            assert status not in (404, 500), name


def test_nothing_is_advertised_that_is_not_there() -> None:
    told = document()
    assert told["response_types_supported"] == ["code"]
    assert told["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
        CIBA_GRANT,
    ]
    assert told["token_endpoint_auth_methods_supported"] == [
        "client_secret_basic",
        "client_secret_post",
        "private_key_jwt",
    ]
    assert told["request_uri_parameter_supported"] is False
    assert told["dpop_signing_alg_values_supported"] == ["ES256", "PS256", "EdDSA"]
    assert told["code_challenge_methods_supported"] == ["S256"]
    assert told["authorization_response_iss_parameter_supported"] is True
    assert told["acr_values_supported"] == ["eidas1", "eidas2"]
    for absent in (
        "registration_endpoint",
        "check_session_iframe",
        "device_authorization_endpoint",
        # Certificates are off unless a proxy is trusted to show them.
        "tls_client_certificate_bound_access_tokens",
        "mtls_endpoint_aliases",
    ):
        assert absent not in told


def test_fapi_ciba_id1_discovery_end_point_verification() -> None:
    told = document()
    assert told["backchannel_authentication_endpoint"] == f"{issuer()}{CIBA_PATH}"
    assert told["backchannel_token_delivery_modes_supported"] == ["poll", "ping"]
    assert told["backchannel_user_code_parameter_supported"] is False
    assert CIBA_GRANT in told["grant_types_supported"]


@pytest.mark.parametrize("address", DOCUMENTS)
def test_a_document_is_cached_with_a_strong_validator(address: str) -> None:
    first = Browser().get(address)
    assert first["Content-Type"] == "application/json"
    assert first["Cache-Control"] == "public, max-age=300"
    assert first["Access-Control-Allow-Origin"] == "*"
    etag = first["ETag"]
    assert etag.startswith('"')
    again = Browser().get(address, HTTP_IF_NONE_MATCH=etag)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert Browser().get(address, HTTP_IF_NONE_MATCH='"other"').status_code == 200


@pytest.mark.parametrize("address", DOCUMENTS)
def test_a_warm_document_costs_no_statement(address: str, django_assert_num_queries: Any) -> None:
    Browser().get(address)
    with django_assert_num_queries(0):
        Browser().get(address)


def test_the_keys_are_public_and_told_apart() -> None:
    listed = document(DOCUMENTS[2])["keys"]
    assert [key["alg"] for key in listed][:2] == ["RS256", "RS256"]
    assert {key["alg"] for key in listed} == {"RS256", "ES256"}
    assert all(key["use"] == "sig" for key in listed)
    assert len({key["kid"] for key in listed}) == len(listed)
    for key in listed:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key)


def test_a_rotation_changes_the_validator_and_keeps_the_keys_before() -> None:
    keys.forget()
    before = document(DOCUMENTS[2])["keys"]
    etag = Browser().get(DOCUMENTS[2])["ETag"]
    rotate_keys(alg="RS256")
    response = Browser().get(DOCUMENTS[2], HTTP_IF_NONE_MATCH=etag)
    after = {key["kid"] for key in response.json()["keys"]}
    assert {key["kid"] for key in before} < after
    keys.forget()
