"""Registering a portal for CIBA: `manage.py client add … --grant urn:…:ciba`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from idp.core.errors import IdpError
from idp.oidc.models import Client
from idp.oidc.rules.ciba_request import CIBA_GRANT
from idp.oidc.rules.client_ciba import CibaMetadata
from tests.oidc.portal import REDIRECT_URI

pytestmark = pytest.mark.django_db
ENDPOINT = "https://portail.example/ciba/ping"


def add(*options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("client", "add", "Portail", *options, stdout=out)
    shown: dict[str, Any] = json.loads(out.getvalue())
    return shown


def test_a_portal_polls_unless_it_names_an_address() -> None:
    shown = add("--redirect-uri", REDIRECT_URI, "--grant", CIBA_GRANT)
    assert shown["backchannel_token_delivery_mode"] == "poll"
    assert shown["grant_types"] == [CIBA_GRANT]


def test_a_portal_that_names_an_address_is_pinged_there() -> None:
    shown = add(
        "--redirect-uri", REDIRECT_URI, "--grant", CIBA_GRANT,
        "--ciba-notification-endpoint", ENDPOINT,
    )  # fmt: skip
    assert shown["backchannel_token_delivery_mode"] == "ping"
    assert shown["backchannel_client_notification_endpoint"] == ENDPOINT
    assert Client.objects.get().is_pinged


def test_other_portals_show_nothing_of_it() -> None:
    assert "backchannel_token_delivery_mode" not in add("--redirect-uri", REDIRECT_URI)


@pytest.mark.parametrize(
    "options",
    [
        ["--grant", CIBA_GRANT],
        ["--redirect-uri", REDIRECT_URI, "--ciba-notification-endpoint", ENDPOINT],
    ],
    ids=["no address to name", "address without the grant"],
)
def test_what_does_not_go_together_is_refused(options: list[str]) -> None:
    with pytest.raises(CommandError):
        add(*options)
    assert not Client.objects.exists()


@pytest.mark.parametrize(
    "endpoint", ["http://portail.example/ping", "http://localhost/ping", "javascript:alert(1)"]
)
def test_outside_the_sandbox_the_address_is_https(endpoint: str) -> None:
    metadata = CibaMetadata(backchannel_client_notification_endpoint=endpoint)
    with pytest.raises(IdpError):
        metadata.check(grant_types=[CIBA_GRANT], redirect_uris=[REDIRECT_URI])
