"""Dynamic registration (RFC 7591): off by default, by an operator's leave, metadata in and out."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import connection

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.oidc.flows.purge import purge_seen
from idp.oidc.gateways.discovery import discovery
from idp.oidc.models import Client, InitialAccessToken
from idp.oidc.rules.ciba_request import CIBA_GRANT
from tests.oidc.portal import (
    LOGGED_OUT_URI,
    PROTOCOL,
    REDIRECT_URI,
    VERIFIER,
    Browser,
    Portal,
    basic,
    issuer,
)
from tests.oidc.signing_portal import JWKS
from tests.oidc.test_clients import command
from tests.oidc.test_parallel_use import all_at_once

pytestmark = pytest.mark.django_db
PATH = "/auth/realms/esante-wallet/clients-registrations/openid-connect"
WELL_KNOWN = "/auth/realms/esante-wallet/.well-known/openid-configuration"


@pytest.fixture(autouse=True)
def _registration_on(settings: Any) -> Iterator[None]:
    settings.HYGIE = replace(settings.HYGIE, accepts_registrations=True)
    discovery.cache_clear()
    yield
    discovery.cache_clear()


@pytest.fixture
def leave() -> str:
    token: str = command("allow-registration", "--uses", "9")["initial_access_token"]
    return token


def send(leave: str, body: Any, content_type: str = "application/json") -> Any:
    sent = body if isinstance(body, bytes | str) else json.dumps(body)
    header = {"HTTP_AUTHORIZATION": f"Bearer {leave}"} if leave else {}
    return Browser().post(PATH, sent, content_type=content_type, **header)


def register(leave: str, **changes: Any) -> Any:
    values = {"redirect_uris": [REDIRECT_URI], **changes}
    return send(leave, {name: value for name, value in values.items() if value is not None})


def test_it_is_off_unless_the_operator_says_so(settings: Any, leave: str) -> None:
    settings.HYGIE = replace(settings.HYGIE, accepts_registrations=False)
    discovery.cache_clear()
    assert register(leave).status_code == 404
    assert "registration_endpoint" not in Browser().get(WELL_KNOWN).json()
    with pytest.raises(CommandError, match="HYGIE_CLIENT_REGISTRATION"):
        command("allow-registration")
    assert not Client.objects.exists()


def test_discovery_names_it_where_it_is_on() -> None:
    told = Browser().get(WELL_KNOWN).json()
    assert told["registration_endpoint"] == f"{issuer()}/clients-registrations/openid-connect"


def test_a_portal_registers_itself_and_logs_a_person_in(leave: str, doctor: Person) -> None:
    response = register(leave, client_name="Portail neuf", logo_uri="javascript:alert(1)")
    assert response.status_code == 201
    assert response["Content-Type"] == "application/json"
    assert response["Cache-Control"] == "no-store"
    told = response.json()
    issued_at, secret = told.pop("client_id_issued_at"), told.pop("client_secret")
    assert abs(issued_at - clock.now().timestamp()) < 60
    assert told == {
        "client_id": told["client_id"],
        "client_secret_expires_at": 0,
        "client_name": "Portail neuf",
        "redirect_uris": [REDIRECT_URI],
        "post_logout_redirect_uris": [],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic",
        "scope": "openid profile identity interop referentiel rpps scope_all",
        "id_token_signed_response_alg": "RS256",
        "userinfo_shape": "current",
        "subject_type": "public",
    }
    portal = Portal(Client.objects.get(client_id=told["client_id"]))
    code = portal.code(doctor)
    redeemed = portal.token_call(
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        },
        HTTP_AUTHORIZATION=basic(told["client_id"], secret),
    )
    assert redeemed.status_code == 200, redeemed.content


def test_what_was_asked_is_registered_and_told(leave: str) -> None:
    asked = {
        "redirect_uris": [REDIRECT_URI, f"{REDIRECT_URI}?a=1"],
        "post_logout_redirect_uris": [LOGGED_OUT_URI],
        "token_endpoint_auth_method": "private_key_jwt",
        "jwks": JWKS,
        "grant_types": ["authorization_code", "refresh_token", CIBA_GRANT],
        "response_types": ["code"],
        "scope": "openid scope_all",
        "id_token_signed_response_alg": "ES256",
        "id_token_encrypted_response_alg": "RSA-OAEP-256",
        "id_token_encrypted_response_enc": "A256GCM",
        "userinfo_signed_response_alg": "PS256",
        "subject_type": "pairwise",
        "backchannel_logout_uri": "https://portail.example/bye",
        "backchannel_logout_session_required": True,
        "frontchannel_logout_uri": "https://portail.example/frame",
        "backchannel_token_delivery_mode": "ping",
        "backchannel_client_notification_endpoint": "https://portail.example/ping",
        "dpop_bound_access_tokens": True,
        "require_pushed_authorization_requests": True,
    }
    told = register(leave, **asked).json()
    assert {name: told.get(name) for name in asked} == asked
    assert "client_secret" not in told
    assert told["client_name"] == "portail.example"
    # RFC 7592 §2.2: null is as if it had not been sent.
    assert register(leave, jwks_uri=None, client_name=None).status_code == 201
    assert send(leave, {"redirect_uris": [REDIRECT_URI], "jwks": None}).status_code == 201
    assert not {"profile", "is_enabled", "is_sandbox", "may_introspect"} & set(told)


def test_the_operator_chooses_the_profile_not_the_portal(leave: str) -> None:
    told = register(leave, profile="psc", may_introspect=["portail-demo"], is_sandbox=False).json()
    client = Client.objects.get(client_id=told["client_id"])
    assert (client.profile_name, client.introspects) == ("standard", [])
    fapi = command("allow-registration", "--profile", "fapi2")["initial_access_token"]
    strict = register(fapi, jwks=JWKS).json()
    assert strict["token_endpoint_auth_method"] == "private_key_jwt"
    assert strict["dpop_bound_access_tokens"] is True
    assert strict["require_pushed_authorization_requests"] is True
    assert strict["id_token_signed_response_alg"] == "ES256"


@pytest.mark.parametrize(
    "redirect_uris",
    [
        None,
        [],
        "https://portail.example/callback",
        [1],
        ["https://portail.example/cb#fragment"],
        ["https://user@portail.example/cb"],
        ["javascript:alert(1)"],
        ["JavaScript:alert(1)"],
        ["data:text/html,x"],
        ["app://callback"],
        ["/callback"],
        ["https://[portail/cb"],
        ["https://portail.example/\u00e9"],
        [f"https://portail.example/{number}" for number in range(21)],
    ],
)
def test_a_wrong_redirect_uri_has_its_own_error(leave: str, redirect_uris: Any) -> None:
    response = register(leave, redirect_uris=redirect_uris)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_redirect_uri")
    assert response.json()["error_description"]
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"client_name": 1},
        {"client_name": "a\nb"},
        {"client_name": "x" * 201},
        {"token_endpoint_auth_method": "none"},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"token_endpoint_auth_method": ["client_secret_basic"]},
        {"token_endpoint_auth_method": "private_key_jwt"},
        {"token_endpoint_auth_method": "tls_client_auth"},
        {"token_endpoint_auth_method": "self_signed_tls_client_auth"},
        {"jwks_uri": "https://portail.example/jwks"},
        {"jwks_uri": "http://169.254.169.254/"},
        {"sector_identifier_uri": "https://portail.example/sector"},
        {"jwks": []},
        {"jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}},
        {"jwks": {"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}},
        {"grant_types": ["implicit"]},
        {"grant_types": ["password"]},
        {"grant_types": []},
        {"grant_types": "authorization_code"},
        {"grant_types": ["refresh_token"]},
        {"response_types": ["code id_token"]},
        {"response_types": ["token"]},
        {"application_type": "desktop"},
        {"scope": ["openid"]},
        {"subject_type": "secret"},
        {"id_token_signed_response_alg": "none"},
        {"id_token_signed_response_alg": "HS256"},
        {"userinfo_signed_response_alg": "none"},
        {"id_token_encrypted_response_alg": "RSA1_5"},
        {"id_token_encrypted_response_enc": "A256GCM"},
        {"userinfo_shape": "1999"},
        {"post_logout_redirect_uris": ["javascript:alert(1)"]},
        {"backchannel_logout_uri": "ftp://portail.example/"},
        {"backchannel_logout_session_required": "true"},
        {"frontchannel_logout_uri": "https://other.example/frame"},
        {"backchannel_token_delivery_mode": "push"},
        {"backchannel_token_delivery_mode": "ping"},
        {"backchannel_client_notification_endpoint": "https://portail.example/ping"},
        {"dpop_bound_access_tokens": 1},
        {"tls_client_certificate_bound_access_tokens": True},
    ],
    ids=lambda changes: " ".join(f"{name}={value}" for name, value in changes.items())[:60],
)
def test_metadata_that_is_not_supported_is_refused(leave: str, changes: dict[str, Any]) -> None:
    response = register(leave, **changes)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")
    assert not Client.objects.exists()
    assert AuditRow.objects.filter(event="client_registration", outcome="refused").count() == 1


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"[]",
        b"null",
        b'"x"',
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"redirect_uris": ["https://a.example/"], "redirect_uris": ["https://b.example/"]}',
        b'{"client_name": "\\u0000", "redirect_uris": ["https://a.example/"]}',
        b'{"client_name": "\\ud800", "redirect_uris": ["https://a.example/"]}',
        b'{"redirect_uris": ["https://a.example/"], "x": NaN}',
        b'{"x": "' + b"x" * 70_000 + b'"}',
        b" " * 3_000_000,
    ],
    ids=lambda body: body[:24],
)
def test_a_body_that_is_no_document_is_refused(leave: str, body: bytes) -> None:
    response = send(leave, body)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_client_metadata")


def test_another_content_type_or_method_is_refused(leave: str) -> None:
    form = send(leave, "redirect_uris=x", "application/x-www-form-urlencoded")
    assert (form.status_code, form.json()["error"]) == (400, "invalid_request")
    read = Browser().get(PATH, HTTP_AUTHORIZATION=f"Bearer {leave}")
    assert (read.status_code, read["Allow"]) == (405, "POST")


@pytest.mark.parametrize("token", ["", "x", "\u00e9", "x" * 5000])
def test_nobody_registers_without_leave(token: str) -> None:
    response = register(token)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith('Bearer realm="hygie"')
    assert ('error="invalid_token"' in response["WWW-Authenticate"]) is bool(token)
    assert response.json()["error"] == "invalid_token"
    assert not Client.objects.exists()


def test_a_leave_ends_with_its_uses_and_its_time_and_is_kept_as_a_digest() -> None:
    given = command("allow-registration", "--days", "2")
    token = given["initial_access_token"]
    assert given["registration_endpoint"] == f"{issuer()}/clients-registrations/openid-connect"
    assert token.encode() not in bytes(InitialAccessToken.objects.get().digest)
    # What is refused costs no use.
    assert register(token, redirect_uris=[]).status_code == 400
    assert register(token).status_code == 201
    assert register(token).status_code == 401
    late = command("allow-registration", "--days", "2")["initial_access_token"]
    with clock.frozen(clock.now() + timedelta(days=2, seconds=1)):
        assert register(late).status_code == 401
        purge_seen()
    assert not InitialAccessToken.objects.exists()


@pytest.mark.parametrize(
    "arguments", [("--uses", "0"), ("--uses", "-1"), ("--days", "0"), ("--days", "400")]
)
def test_a_leave_is_bounded(arguments: tuple[str, str]) -> None:
    with pytest.raises(CommandError, match="uses"):
        command("allow-registration", *arguments)


def test_no_other_token_is_a_leave(portal: Portal, doctor: Person) -> None:
    tokens = portal.tokens(doctor)
    for name in ("access_token", "refresh_token", "id_token"):
        assert register(tokens[name]).status_code == 401
    leave = command("allow-registration")["initial_access_token"]
    read = Browser().get(f"{PROTOCOL}/userinfo", HTTP_AUTHORIZATION=f"Bearer {leave}")
    assert read.status_code == 401


@pytest.mark.django_db(transaction=True)
def test_one_leave_used_many_times_at_once_registers_as_many_as_it_allows() -> None:
    leave = command("allow-registration", "--uses", "2")["initial_access_token"]
    statuses = all_at_once(lambda: register(leave).status_code)
    assert statuses.count(201) == 2
    assert Client.objects.count() == 2
    connection.close()
