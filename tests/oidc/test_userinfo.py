"""UserInfo: to a live access token of ours in the right place, and to nothing else."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from idp.core import clock
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.oidc.flows.clients import set_enabled
from idp.oidc.gateways import keys
from tests.oidc.odd_tokens import unencoded_payload, zipped
from tests.oidc.portal import FORM, PROTOCOL, Browser, Portal

pytestmark = pytest.mark.django_db
ADDRESS = f"{PROTOCOL}/userinfo"


def assert_invalid(response: Any) -> None:
    assert response.status_code == 401
    assert response.json()["error"] == "invalid_token"
    assert response["WWW-Authenticate"].startswith('Bearer realm="hygie", error="invalid_token"')
    assert response["Cache-Control"] == "no-store"


def test_a_post_with_the_header_is_answered(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    response = Browser().post(ADDRESS, HTTP_AUTHORIZATION=f"bearer {token}")
    assert response.json()["sub"] == str(doctor.pk)


def test_a_post_with_the_token_in_its_form_is_answered(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    response = Browser().post(ADDRESS, f"access_token={token}", content_type=FORM)
    assert response.json()["sub"] == str(doctor.pk)


def test_a_token_in_the_query_is_refused(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    response = Browser().get(f"{ADDRESS}?access_token={token}")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


def test_two_tokens_are_refused(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    response = Browser().post(
        ADDRESS, f"access_token={token}", content_type=FORM, HTTP_AUTHORIZATION=f"Bearer {token}"
    )
    assert response.json()["error"] == "invalid_request"


@pytest.mark.parametrize("query", ["?access_token=x", "?a=%00"])
def test_a_malformed_request_is_challenged(portal: Portal, query: str) -> None:
    response = Browser().get(f"{PROTOCOL}/userinfo{query}")
    assert response.status_code == 400
    assert response["WWW-Authenticate"] == 'Bearer realm="hygie", error="invalid_request"'


def test_without_a_token_only_the_scheme_is_named(portal: Portal) -> None:
    response = Browser().get(ADDRESS)
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="hygie"')


def test_an_access_token_lives_two_minutes(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        token = portal.tokens(doctor)["access_token"]
    with clock.frozen(start + timedelta(seconds=118)):
        assert portal.userinfo(token).status_code == 200
    with clock.frozen(start + timedelta(seconds=120)):
        assert_invalid(portal.userinfo(token))


def test_an_access_token_dies_with_the_session(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    login.end_session(session=SsoSession.objects.get(), reason="test")
    assert_invalid(portal.userinfo(token))


def test_an_access_token_dies_with_its_client(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    set_enabled(client_id=portal.client.client_id, is_enabled=False)
    assert_invalid(portal.userinfo(token))


def test_tokens_of_another_kind_open_nothing(portal: Portal, doctor: Person) -> None:
    tokens = portal.tokens(doctor)
    assert_invalid(portal.userinfo(tokens["id_token"]))
    assert_invalid(portal.userinfo(tokens["refresh_token"]))


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def forgeries(token: str) -> dict[str, str]:
    """The same claims, signed by anybody but us."""
    header, payload, signature = token.split(".")
    claims = keys.read(token, kind="Bearer")
    kid = keys.ring().signing["RS256"][0]
    stranger = RSAKey.generate_key(2048)
    nested = base64.urlsafe_b64encode(b"[" * 6000).decode()
    public = keys.ring().verifying.get_by_kid(kid)
    assert isinstance(public, RSAKey)
    public_pem = public.as_pem(private=False)
    hs256_of_public_key = jwt.encode(
        {"alg": "HS256", "kid": kid}, claims, OctKey.import_key(base64.b64encode(public_pem))
    )
    return {
        "alg none": f"{part({'alg': 'none', 'kid': kid})}.{payload}.",
        "alg none, other case": f"{part({'alg': 'nOnE', 'kid': kid})}.{payload}.{signature}",
        "HS256 with our public key": hs256_of_public_key,
        "our kid": jwt.encode({"alg": "RS256", "kid": kid}, claims, stranger),
        "a kid of nobody": jwt.encode({"alg": "RS256", "kid": "nobody"}, claims, stranger),
        "without kid": jwt.encode({"alg": "RS256"}, claims, stranger),
        "its own jwk": jwt.encode(
            {"alg": "RS256", "kid": kid, "jwk": stranger.as_dict(private=False)}, claims, stranger
        ),
        "its own jku": jwt.encode(
            {"alg": "RS256", "kid": kid, "jku": "https://evil.example/keys"}, claims, stranger
        ),
        "unknown crit": f"{part({'alg': 'RS256', 'kid': kid, 'crit': ['x'], 'x': 1})}."
        f"{payload}.{signature}",
        "claims edited": f"{header}.{part({**claims, 'sub': 'other'})}.{signature}",
        "signature cut": f"{header}.{payload}.{signature[:-4]}",
        "nested brackets": f"{nested}.{payload}.{signature}",
        "too long": "x" * 20_000,
        "not ASCII": "é.é.é",
        "empty parts": "..",
        **odd_forms(token),
    }


def odd_forms(token: str) -> dict[str, str]:
    """Not even our own signature, and our own token inside, make these a token of ours."""
    kid, own_key = keys.ring().signing["RS256"]
    claims = keys.read(token, kind="Bearer")
    unencoded = unencoded_payload(claims, alg="RS256", kid=kid, key=own_key)
    return {
        **{f"b64 false, form {number}": forged for number, forged in enumerate(unencoded)},
        "compressed JWE": zipped(token),
        "compressed JWE of the claims": zipped(json.dumps(claims)),
    }


def test_no_forgery_opens_anything(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    for name, forged in forgeries(token).items():
        response = portal.userinfo(forged)
        assert response.status_code == 401, name
    assert portal.userinfo(token).status_code == 200


def test_a_token_of_another_issuer_with_our_key_opens_nothing(
    portal: Portal, doctor: Person
) -> None:
    claims = keys.read(portal.tokens(doctor)["access_token"], kind="Bearer")
    for change in ({"iss": "https://other.example"}, {"typ": "ID"}, {"jti": "x"}, {"exp": None}):
        assert_invalid(portal.userinfo(keys.sign({**claims, **change}, alg="RS256")))


def test_the_scope_decides_what_is_told(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor, scope="openid profile unknown")["access_token"]
    assert set(portal.userinfo(token).json()) == {
        "sub",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "SubjectNameID",
        "codeCivilite",
    }


def test_userinfo_gives_no_cors(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    response = Browser().get(
        ADDRESS, HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_ORIGIN="https://evil.example"
    )
    assert "Access-Control-Allow-Origin" not in response.headers
    assert Browser().delete(ADDRESS).status_code == 405
