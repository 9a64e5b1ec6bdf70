"""Metadata of keys, certificates, grants and bindings: what a portal may register (RFC 7591)."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management.base import CommandError
from joserfc.jwk import ECKey, OctKey, RSAKey

from idp.core import secrets
from idp.core.errors import IdpError
from idp.oidc.gateways.client_certificates import thumbprint
from idp.oidc.models import Client
from idp.oidc.rules.client_jwks import check_jwks
from tests.oidc.portal import REDIRECT_URI, Portal
from tests.oidc.signing_portal import JWKS, KEYS
from tests.oidc.test_client_certificates import DN, SELF_SIGNED
from tests.oidc.test_clients import command

pytestmark = pytest.mark.django_db
PUBLIC = KEYS["ES256"].as_dict(private=False)


@pytest.fixture
def jwks(tmp_path: Path) -> str:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(JWKS))
    return str(path)


@pytest.fixture
def tls(settings: Any, tmp_path: Path) -> None:
    settings.HYGIE = replace(
        settings.HYGIE,
        tls_client_cert_header="X-SSL-Client-Cert",
        trusted_proxies=("10.0.0.7",),
        tls_client_authorities=tmp_path / "authorities.pem",
    )


def add(*arguments: str) -> Any:
    return command("add", "Portail", "--redirect-uri", REDIRECT_URI, *arguments)


def test_a_fapi2_portal_needs_its_keys_and_nothing_else(jwks: str) -> None:
    added = add("--profile", "fapi2", "--jwks", jwks)
    assert "client_secret" not in added
    assert added["token_endpoint_auth_method"] == "private_key_jwt"
    assert added["dpop_bound_access_tokens"] is True
    assert added["require_pushed_authorization_requests"] is True
    assert added["id_token_signed_response_alg"] == "ES256"
    assert added["jwks"] == JWKS
    assert added["grant_types"] == ["authorization_code", "refresh_token"]
    assert command("show", added["client_id"]) == added
    assert Client.objects.get().secret_digest is None


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--profile", "fapi2"), "needs jwks"),
        (("--profile", "fapi2", "--auth-method", "client_secret_basic"), "no secrets"),
        (("--profile", "fapi2", "--auth-method", "client_secret_post"), "no secrets"),
        (("--auth-method", "private_key_jwt"), "needs jwks"),
        (("--auth-method", "tls_client_auth"), "needs the subject"),
        (("--auth-method", "self_signed_tls_client_auth"), "needs the certificate"),
        (("--auth-method", "tls_client_auth", "--tls-subject-dn", DN), "HYGIE_TLS_CLIENT_CERT"),
        (("--certificate-bound",), "HYGIE_TLS_CLIENT_CERT"),
        (("--grant", "refresh_token"), "goes with"),
        (("--secret", "short"), "client_secret"),
        (("--secret", "é" * 40), "client_secret"),
        (("--secret", "a b" * 20), "client_secret"),
        (("--jwks", "/nowhere/jwks.json"), "cannot be read"),
        (("--certificate", "/nowhere/c.pem"), "cannot be read"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        add(*arguments)
    assert not Client.objects.exists()


def test_fapi2_signs_no_id_token_with_rs256(jwks: str) -> None:
    with pytest.raises(CommandError, match="not with this profile"):
        add("--profile", "fapi2", "--jwks", jwks, "--id-token-alg", "RS256")


def test_a_secret_is_not_chosen_for_a_client_that_has_none(jwks: str) -> None:
    with pytest.raises(CommandError, match="no secret"):
        add("--auth-method", "private_key_jwt", "--jwks", jwks, "--secret", "x" * 40)


def test_a_portal_may_bring_its_secret(portal: Portal) -> None:
    secret = "brought-from-elsewhere-" + "0" * 20
    added = add("--id", "portail-apporte", "--secret", secret)
    assert added["client_secret"] == secret
    kept = Client.objects.get(client_id="portail-apporte").secret_digest
    assert secrets.matches(secret, kept or b"")


def test_a_client_without_secret_has_none_to_rotate(jwks: str) -> None:
    added = add("--auth-method", "private_key_jwt", "--jwks", jwks)
    with pytest.raises(CommandError, match="has no secret"):
        command("rotate-secret", added["client_id"])
    assert Client.objects.get().secret_digest is None


def test_bound_both_ways_is_refused(tls: None) -> None:
    with pytest.raises(CommandError, match="not both"):
        add("--dpop", "--certificate-bound")


def test_a_portal_without_persons_needs_no_address() -> None:
    added = command("add", "Service", "--grant", "client_credentials")
    assert (added["redirect_uris"], added["grant_types"]) == ([], ["client_credentials"])
    with pytest.raises(CommandError, match="redirect URI"):
        command("add", "Portail")


def test_a_certificate_is_registered_by_its_subject_or_itself(tls: None, tmp_path: Path) -> None:
    by_subject = add("--auth-method", "tls_client_auth", "--tls-subject-dn", DN)
    assert by_subject["tls_client_auth_subject_dn"] == DN
    path = tmp_path / "client.pem"
    path.write_bytes(SELF_SIGNED.public_bytes(Encoding.PEM))
    method = "self_signed_tls_client_auth"
    by_itself = add("--auth-method", method, "--certificate", str(path), "--certificate-bound")
    assert by_itself["tls_client_certificate_thumbprints"] == [thumbprint(SELF_SIGNED)]
    with pytest.raises(CommandError, match="RFC 4514"):
        add("--auth-method", "tls_client_auth", "--tls-subject-dn", "portail.example")


def test_a_subject_longer_than_its_column_is_refused(tls: None) -> None:
    with pytest.raises(CommandError, match="longer than 500"):
        add("--auth-method", "tls_client_auth", "--tls-subject-dn", f"CN={'a' * 498}")


def test_a_subject_needs_authorities(tls: None, settings: Any) -> None:
    settings.HYGIE = replace(settings.HYGIE, tls_client_authorities=None)
    with pytest.raises(CommandError, match="HYGIE_TLS_CLIENT_AUTHORITIES"):
        add("--auth-method", "tls_client_auth", "--tls-subject-dn", DN)


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\nb", "a\x00b", "a\u202eb"])
def test_a_name_is_readable(name: str) -> None:
    with pytest.raises(CommandError, match="client_name"):
        command("add", name, "--redirect-uri", REDIRECT_URI)


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        "x",
        {"keys": []},
        {"keys": {}},
        {"keys": ["x"]},
        {"keys": [PUBLIC] * 2},
        {"keys": [{**PUBLIC, "kid": str(number)} for number in range(11)]},
        {"keys": [KEYS["ES256"].as_dict(private=True)]},
        {"keys": [KEYS["RS256"].as_dict(private=True)]},
        {"keys": [OctKey.generate_key(256).as_dict(private=True)]},
        {"keys": [{"kty": "oct"}]},
        {"keys": [ECKey.generate_key("P-384").as_dict(private=False)]},
        {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]},
        {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]},
        {"keys": [RSAKey.generate_key(1024).as_dict(private=False)]},
        {"keys": [{"kty": "OKP", "crv": "X25519", "x": "AA"}]},
    ],
)
def test_a_set_of_keys_that_cannot_be_trusted_is_refused(document: object) -> None:
    with pytest.raises(IdpError, match="invalid_client_metadata"):
        check_jwks(document)


def test_keys_for_encryption_may_stand_beside() -> None:
    check_jwks({"keys": [PUBLIC, {**KEYS["RS256"].as_dict(private=False), "use": "enc"}]})
