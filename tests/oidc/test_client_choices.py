"""`manage.py client add`: logouts and answers as a portal may register them."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from joserfc.jwk import ECKey

from idp.core.errors import IdpError
from idp.oidc.gateways import keys
from idp.oidc.models import Client
from idp.oidc.rules.client_choices import LogoutMetadata, encryption_key

pytestmark = pytest.mark.django_db
REDIRECT = "https://portail.example/callback"


def add(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("client", "add", "Portail", "--redirect-uri", REDIRECT, *words, stdout=out)
    shown: dict[str, Any] = json.loads(out.getvalue())
    return shown


def test_a_portal_registers_how_it_hears_of_logouts() -> None:
    shown = add(
        *("--backchannel-logout-uri", "https://api.portail.example/logout"),
        "--backchannel-logout-session-required",
        *("--frontchannel-logout-uri", "https://portail.example/frame"),
        "--frontchannel-logout-session-required",
    )
    client = Client.objects.get(client_id=shown["client_id"])
    assert client.backchannel_logout_uri == shown["backchannel_logout_uri"]
    assert client.frontchannel_logout_uri == shown["frontchannel_logout_uri"]
    assert shown["backchannel_logout_session_required"] is True
    assert shown["frontchannel_logout_session_required"] is True


def test_a_portal_registers_its_answers(tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256", {"use": "enc", "kid": "e"})
    jwks = tmp_path / "jwks.json"
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    shown = add(
        *("--id-token-alg", "EdDSA", "--userinfo-alg", "ES256", "--userinfo-shape", "2023"),
        *("--subject-type", "pairwise", "--sector-identifier", "portail.example"),
        *("--id-token-encryption-alg", "ECDH-ES", "--jwks", str(jwks)),
    )
    assert shown["id_token_signed_response_alg"] == "EdDSA"
    assert shown["userinfo_signed_response_alg"] == "ES256"
    assert shown["id_token_encrypted_response_alg"] == "ECDH-ES"
    assert shown["id_token_encrypted_response_enc"] == "A128CBC-HS256"
    assert (shown["userinfo_shape"], shown["subject_type"]) == ("2023", "pairwise")
    assert shown["sector_identifier"] == "portail.example"


@pytest.mark.usefixtures("_forgotten_keys")
def test_the_key_of_a_rare_algorithm_is_published_when_it_is_registered(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        add("--id-token-alg", "EdDSA", "--userinfo-alg", "PS256")
    algs = {key["alg"] for key in json.loads(keys.ring().jwks.body)["keys"]}
    assert {"EdDSA", "PS256"} <= algs


@pytest.fixture
def _forgotten_keys() -> Iterator[None]:
    keys.forget()
    yield
    keys.forget()


def test_a_portal_that_chooses_nothing_gets_the_defaults() -> None:
    shown = add()
    assert (shown["userinfo_shape"], shown["subject_type"]) == ("current", "public")
    assert not [name for name in shown if "encrypted" in name or "logout_uri" in name]


def test_encryption_without_a_key_is_refused() -> None:
    with pytest.raises(CommandError, match="hold none for ECDH-ES"):
        add("--id-token-encryption-alg", "ECDH-ES")


@pytest.mark.parametrize(
    "uri", ["http://portail.example/out", "http://127.0.0.1:9/out", "http://localhost/out", "x:y"]
)
def test_outside_the_sandbox_a_server_is_told_over_https_only(uri: str) -> None:
    metadata = LogoutMetadata(backchannel_logout_uri=uri)
    with pytest.raises(IdpError):
        metadata.check(redirect_uris=(REDIRECT,))


@pytest.mark.parametrize(
    "key",
    [
        {"kty": "RSA", "use": "sig"},
        {"kty": "RSA", "alg": "RS256"},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "oct", "k": "c2VjcmV0"},
    ],
)
def test_a_key_for_something_else_is_not_encrypted_to(key: dict[str, str]) -> None:
    assert encryption_key({"keys": [key]}, "RSA-OAEP-256") is None
    signing = {"kty": "OKP", "crv": "Ed25519"}
    assert encryption_key({"keys": [signing]}, "ECDH-ES") is None
