"""Signatures and encryption of id_token and UserInfo, as the portal registered them."""

import base64
import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from joserfc import jwe, jwt
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.oidc.gateways import client_cache, keys
from idp.oidc.models import Client, SigningKey
from idp.oidc.rules.answers import ENCRYPTION_ENCS, ID_TOKEN_ALGS
from idp.oidc.rules.client_choices import AnswerMetadata
from tests.oidc.portal import PROTOCOL, Browser, Portal, issuer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _fresh_keys() -> Iterator[None]:
    """Keys made for one portal's algorithm are forgotten with it."""
    keys.forget()
    yield
    keys.forget()


def choose(portal: Portal, **columns: Any) -> None:
    Client.objects.filter(pk=portal.client.pk).update(**columns)
    client_cache._held.clear()
    portal.client.refresh_from_db()


def verified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(header, claims), checked with the published keys."""
    listed = KeySet.import_key_set(Browser().get(f"{PROTOCOL}/certs").json())
    read = jwt.decode(token, listed, list(ID_TOKEN_ALGS))
    assert any(key.kid == read.header["kid"] for key in listed.keys)
    return read.header, read.claims


def left_half(hashed: Any) -> str:
    digest = hashed.digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@pytest.mark.parametrize("alg", ID_TOKEN_ALGS)
def test_an_id_token_is_signed_as_registered(portal: Portal, doctor: Person, alg: str) -> None:
    choose(portal, id_token_alg=alg)
    tokens = portal.tokens(doctor)
    header, claims = verified(tokens["id_token"])
    assert header["alg"] == alg
    hashing = hashlib.sha512 if alg == "EdDSA" else hashlib.sha256
    assert claims["at_hash"] == left_half(hashing(tokens["access_token"].encode()))
    # It comes back as a hint.
    assert "code=" in portal.ask(prompt="none", id_token_hint=tokens["id_token"])["Location"]


def test_keys_of_rare_algorithms_are_made_when_they_are_asked_for() -> None:
    keys.ring()
    assert not SigningKey.objects.filter(alg__in=["PS256", "EdDSA"]).exists()
    keys.ensure("EdDSA")
    keys.ensure("EdDSA")
    states = SigningKey.objects.filter(alg="EdDSA").values_list("state", flat=True)
    assert sorted(states) == ["current", "next"]
    listed = Browser().get(f"{PROTOCOL}/certs").json()["keys"]
    assert [key["kty"] for key in listed if key["alg"] == "EdDSA"] == ["OKP", "OKP"]
    assert all("d" not in key for key in listed)


@pytest.mark.parametrize("alg", ID_TOKEN_ALGS)
def test_oidcc_userinfo_signed(portal: Portal, doctor: Person, alg: str) -> None:
    choose(portal, userinfo_alg=alg)
    response = portal.userinfo(portal.tokens(doctor)["access_token"])
    assert response["Content-Type"] == "application/jwt"
    assert response["Cache-Control"] == "no-store"
    header, claims = verified(response.content.decode())
    assert (header["alg"], header["typ"]) == (alg, "JWT")
    assert (claims["iss"], claims["aud"]) == (issuer(), portal.client.client_id)
    assert claims["sub"] == str(doctor.pk)
    assert claims["family_name"]


def test_a_signed_userinfo_is_no_token(portal: Portal, doctor: Person) -> None:
    choose(portal, userinfo_alg="RS256")
    jwt_told = portal.userinfo(portal.tokens(doctor)["access_token"]).content.decode()
    assert portal.userinfo(jwt_told).status_code == 401
    for kind in ("ID", "Bearer", "Logout"):
        with pytest.raises(keys.InvalidTokenError):
            keys.read(jwt_told, kind=kind)


KEYS: list[tuple[str, Key]] = [
    ("RSA-OAEP-256", RSAKey.generate_key(2048, {"use": "enc", "kid": "enc-1"})),
    ("ECDH-ES", ECKey.generate_key("P-256", {"use": "enc", "kid": "enc-1"})),
]


def decrypted(token: str, key: Key, alg: str, enc: str) -> tuple[dict[str, Any], str]:
    read = jwe.decrypt_compact(token, key, algorithms=[alg, enc])
    assert read.plaintext is not None
    header: dict[str, Any] = read.headers()
    assert (header["alg"], header["enc"], header["kid"]) == (alg, enc, "enc-1")
    return header, read.plaintext.decode()


def jwks(key: Key) -> dict[str, Any]:
    other = RSAKey.generate_key(2048, {"use": "sig", "kid": "sig-1"})
    return {"keys": [other.as_dict(private=False), key.as_dict(private=False)]}


@pytest.mark.parametrize("enc", ENCRYPTION_ENCS)
@pytest.mark.parametrize(("alg", "key"), KEYS, ids=[alg for alg, _key in KEYS])
def test_id_token_and_userinfo_are_encrypted_to_the_portals_key(
    portal: Portal, doctor: Person, alg: str, key: Key, enc: str
) -> None:
    choose(
        portal,
        jwks=jwks(key),
        userinfo_alg="RS256",
        **{f"{place}_encryption_alg": alg for place in ("id_token", "userinfo")},
        **{f"{place}_encryption_enc": enc for place in ("id_token", "userinfo")},
    )
    tokens = portal.tokens(doctor)
    header, inside = decrypted(tokens["id_token"], key, alg, enc)
    assert header["cty"] == "JWT"
    assert verified(inside)[1]["typ"] == "ID"
    response = portal.userinfo(tokens["access_token"])
    assert response["Content-Type"] == "application/jwt"
    header, inside = decrypted(response.content.decode(), key, alg, enc)
    assert verified(inside)[1]["sub"] == str(doctor.pk)


def test_a_userinfo_that_is_encrypted_alone_holds_json(portal: Portal, doctor: Person) -> None:
    alg, key = KEYS[1]
    choose(
        portal,
        jwks=jwks(key),
        userinfo_encryption_alg=alg,
        userinfo_encryption_enc="A256GCM",
    )
    response = portal.userinfo(portal.tokens(doctor)["access_token"])
    header, inside = decrypted(response.content.decode(), key, alg, "A256GCM")
    assert "cty" not in header
    assert json.loads(inside)["sub"] == str(doctor.pk)


def test_without_a_key_nothing_leaves_in_clear(portal: Portal, doctor: Person) -> None:
    choose(portal, userinfo_encryption_alg="ECDH-ES", userinfo_encryption_enc="A256GCM")
    response = portal.userinfo(portal.tokens(doctor)["access_token"])
    assert response.status_code == 500
    assert doctor.national_id not in response.content.decode()


@pytest.mark.parametrize(
    "choice",
    [
        {"userinfo_alg": "none"},
        {"userinfo_alg": "HS256"},
        {"id_token_encryption_alg": "RSA1_5"},
        {"id_token_encryption_alg": "dir"},
        {"id_token_encryption_alg": "RSA-OAEP-256", "id_token_encryption_enc": "A128GCM"},
        {"id_token_encryption_enc": "A256GCM"},
        {"userinfo_encryption_alg": "ECDH-ES"},
        {"userinfo_shape": "2020"},
        {"subject_type": "ephemeral"},
    ],
)
def test_what_is_not_offered_cannot_be_registered(choice: dict[str, str]) -> None:
    with pytest.raises(IdpError, match="invalid_client_metadata"):
        AnswerMetadata(**choice).check(
            redirect_uris=("https://a.example/cb",), jwks=jwks(KEYS[0][1])
        )


def test_the_enc_that_is_not_named_is_the_default_of_the_specification() -> None:
    columns = AnswerMetadata(id_token_encryption_alg="ECDH-ES").columns()
    assert columns["id_token_encryption_enc"] == "A128CBC-HS256"


def test_discovery_names_what_may_be_registered() -> None:
    told = Browser().get("/auth/realms/esante-wallet/.well-known/openid-configuration").json()
    assert told["id_token_signing_alg_values_supported"][0] == "RS256"
    assert set(told["id_token_signing_alg_values_supported"]) == set(ID_TOKEN_ALGS)
    assert set(told["userinfo_signing_alg_values_supported"]) == set(ID_TOKEN_ALGS)
    for place in ("id_token", "userinfo"):
        assert told[f"{place}_encryption_alg_values_supported"] == ["RSA-OAEP-256", "ECDH-ES"]
        assert told[f"{place}_encryption_enc_values_supported"] == list(ENCRYPTION_ENCS)
    assert told["subject_types_supported"] == ["public", "pairwise"]
