"""Registering portals: exact addresses, a secret shown once, standard unless said otherwise."""

import json
from dataclasses import replace
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from joserfc import jwt

from idp.audit.models import AuditRow
from idp.configuration import Mode
from idp.core import secrets
from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.oidc.flows.clients import ensure_client
from idp.oidc.gateways import client_cache, keys
from idp.oidc.models import Client
from idp.oidc.rules.registration import host_of
from tests.oidc.portal import REDIRECT_URI, SECRET, Portal

pytestmark = pytest.mark.django_db


def command(*arguments: str) -> Any:
    out = StringIO()
    call_command("client", *arguments, stdout=out)
    return json.loads(out.getvalue())


def test_a_new_client_is_standard_and_its_secret_is_shown_once() -> None:
    added = command("add", "Portail", "--redirect-uri", REDIRECT_URI)
    assert (added["profile"], added["redirect_uris"]) == ("standard", [REDIRECT_URI])
    assert len(added["client_secret"]) == 43
    client = Client.objects.get(client_id=added["client_id"])
    assert secrets.matches(added["client_secret"], client.secret_digest or b"")
    assert added["client_secret"] not in repr(client.__dict__)
    shown = command("show", added["client_id"])
    assert "client_secret" not in shown
    assert command("list") == [shown]
    assert AuditRow.objects.get(event="client_added").client_id == added["client_id"]


def test_a_secret_is_rotated_and_a_client_disabled_by_command() -> None:
    added = command("add", "P", "--id", "portail", "--redirect-uri", REDIRECT_URI)
    fresh = command("rotate-secret", "portail")["client_secret"]
    client = Client.objects.get()
    assert secrets.matches(fresh, client.secret_digest or b"")
    assert not secrets.matches(added["client_secret"], client.secret_digest or b"")
    assert command("disable", "portail")["is_enabled"] is False
    assert command("enable", "portail")["is_enabled"] is True


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript://portail.example/%0aalert(1)",
        "data:text/html,x",
        "http://portail.example/callback",
        "ftp://portail.example/",
        "https://portail.example/callback#fragment",
        "https://portail.example/callback#",
        "https://user:password@portail.example/",
        "https://evil.example\\@portail.example/",
        "https:///callback",
        "https://[::1/callback",
        "https://portail.example:port/",
        "https://portail.example/call back",
        "https://portail.example/\tcallback",
        "https://portaïl.example/",
        "/callback",
        "com.example.app:/callback",
        "https://portail.example/" + "x" * 2000,
    ],
)
def test_an_address_that_could_be_turned_is_not_registered(uri: str, production: None) -> None:
    for arguments in (
        ("--redirect-uri", uri),
        ("--redirect-uri", REDIRECT_URI, "--post-logout-redirect-uri", uri),
    ):
        with pytest.raises(CommandError):
            command("add", "P", *arguments)
    assert not Client.objects.exists()


@pytest.mark.parametrize("uri", ["http://localhost:8100/cb", "http://127.0.0.1/", "http://[::1]/"])
def test_http_is_for_this_machine(uri: str, production: None) -> None:
    assert command("add", "P", "--redirect-uri", uri)["redirect_uris"] == [uri]


@pytest.mark.parametrize(
    "client_id", ["ab", "a b", "a:b", "é", "x" * 101, "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd", "-x"]
)
def test_a_client_id_is_plain_and_no_persons_sub(client_id: str) -> None:
    with pytest.raises(CommandError):
        command("add", "P", f"--id={client_id}", "--redirect-uri", REDIRECT_URI)


def test_a_client_id_is_taken_once() -> None:
    command("add", "P", "--id", "portail", "--redirect-uri", REDIRECT_URI)
    with pytest.raises(CommandError, match="registered already"):
        command("add", "P", "--id", "portail", "--redirect-uri", REDIRECT_URI)


def test_an_unknown_client_is_said(portal: Portal) -> None:
    with pytest.raises(CommandError, match="no client nobody"):
        command("show", "nobody")


@pytest.fixture
def production(settings: Any) -> None:
    settings.HYGIE = replace(
        settings.HYGIE, mode=Mode.PRODUCTION, base_url="https://connexion.example.fr"
    )


def test_the_demo_portal_is_registered_once_and_kept_up_to_date() -> None:
    for uri in (REDIRECT_URI, REDIRECT_URI, "http://192.168.1.2:8100/callback"):
        ensure_client(client_id="demo", name="Démo", secret=SECRET, redirect_uris=(uri,))
    client = Client.objects.get()
    assert client.redirect_uris == ["http://192.168.1.2:8100/callback"]
    assert client.is_sandbox
    events = AuditRow.objects.order_by("id").values_list("event", flat=True)
    assert list(events) == ["client_added", "client_changed"]


def test_a_chosen_secret_exists_in_the_sandbox_only(production: None) -> None:
    with pytest.raises(IdpError, match="sandbox_only"):
        ensure_client(client_id="demo", name="D", secret=SECRET, redirect_uris=(REDIRECT_URI,))


def test_a_client_of_a_sandbox_is_nobody_in_production(portal: Portal, production: None) -> None:
    client_cache.forget_client(portal.client.client_id)
    assert portal.ask().status_code == 400


def test_test_people_get_nothing_in_production(
    portal: Portal, doctor: Person, settings: Any
) -> None:
    tokens = portal.tokens(doctor)
    Client.objects.update(is_sandbox=False)
    # Same issuer, so that only the mode differs.
    settings.HYGIE = replace(settings.HYGIE, mode=Mode.PRODUCTION)
    client_cache.forget_client(portal.client.client_id)
    assert "/login/" in portal.ask()["Location"]
    assert portal.userinfo(tokens["access_token"]).status_code == 401
    assert portal.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_id_token_may_be_signed_with_es256(portal: Portal, doctor: Person) -> None:
    Client.objects.update(id_token_alg="ES256")
    client_cache.forget_client(portal.client.client_id)
    token = portal.tokens(doctor)["id_token"]
    decoded = jwt.decode(token, keys.ring().verifying, algorithms=["ES256"])
    assert decoded.header["alg"] == "ES256"


def test_scopes_that_a_client_may_not_ask_are_left_out(portal: Portal, doctor: Person) -> None:
    Client.objects.update(scopes=["openid", "profile"])
    client_cache.forget_client(portal.client.client_id)
    assert portal.tokens(doctor, scope="openid profile scope_all")["scope"] == "openid profile"


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://portail.example/callback", "portail.example"),
        ("https://portail.example:443/callback", "portail.example"),
        ("http://localhost:80/", "localhost"),
        ("http://localhost:8100/callback", "localhost:8100"),
        ("https://portail.example:80/", "portail.example:80"),
        ("http://[::1]:8100/callback", "[::1]:8100"),
    ],
)
def test_the_person_sees_the_portals_host_with_a_port_that_is_not_the_usual_one(
    uri: str, host: str
) -> None:
    assert host_of(uri) == host
