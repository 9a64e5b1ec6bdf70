"""A portal gets other settings: checked as when it was added, audited, in force at once."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError
from joserfc.jwk import ECKey

from idp.audit.models import AuditRow
from idp.oidc.flows.clients import get_client, metadata_of, update_client
from idp.oidc.gateways import client_cache
from idp.oidc.rules.ciba_request import CIBA_GRANT
from tests.oidc.portal import REDIRECT_URI
from tests.oidc.test_clients import command

pytestmark = pytest.mark.django_db

OTHER_URI = "https://autre.example/retour"


@pytest.fixture
def keyed(tmp_path: Path) -> dict[str, Any]:
    """A portal with a key instead of a secret, its tokens bound."""
    key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, auto_kid=True)
    path = tmp_path / "keys.json"
    path.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    document: dict[str, Any] = command(
        *("add", "P", "--id", "keyed", "--redirect-uri", REDIRECT_URI, "--dpop"),
        *("--auth-method", "private_key_jwt", "--jwks", str(path)),
    )
    return document


@pytest.fixture
def added() -> dict[str, Any]:
    document: dict[str, Any] = command(
        "add", "P", "--id", "portail", "--redirect-uri", REDIRECT_URI
    )
    return document


def test_what_is_given_changes_and_nothing_else(added: dict[str, Any]) -> None:
    before = command("show", "portail")
    updated = command("update", "portail", "--ecps-policy", "card_only", "--practice-choice")
    assert updated == {**before, "ecps_policy": "card_only", "practice_choice": True}
    assert command("update", "portail", "--no-practice-choice") == {
        **before,
        "ecps_policy": "card_only",
    }


def test_a_list_that_is_given_replaces_the_registered_one(added: dict[str, Any]) -> None:
    assert command("update", "portail", "--redirect-uri", OTHER_URI)["redirect_uris"] == [OTHER_URI]


@pytest.mark.parametrize(
    ("option", "member", "value"),
    [
        ("post-logout-redirect-uri", "post_logout_redirect_uris", OTHER_URI),
        ("may-introspect", "may_introspect", "api"),
    ],
)
def test_a_list_can_be_emptied(added: dict[str, Any], option: str, member: str, value: str) -> None:
    assert command("update", "portail", f"--{option}", value)[member] == [value]
    assert command("update", "portail", f"--no-{option}")[member] == []
    assert command("update", "portail", f"--no-{option}", f"--{option}", value)[member] == [value]


def test_addresses_can_be_emptied_where_no_grant_needs_one(added: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="redirect URI"):
        command("update", "portail", "--no-redirect-uri")
    changed = command("update", "portail", "--no-redirect-uri", "--grant", "client_credentials")
    assert (changed["redirect_uris"], changed["grant_types"]) == ([], ["client_credentials"])


@pytest.mark.parametrize(("profile", "alg"), [("psc", "RS256"), ("standard", "ES256")])
def test_the_profile_changes(added: dict[str, Any], profile: str, alg: str) -> None:
    before = command("show", "portail")
    changed = command("update", "portail", "--profile", profile, "--id-token-alg", alg)
    assert changed == {**before, "profile": profile, "id_token_signed_response_alg": alg}


def test_a_profile_that_the_portals_proof_does_not_fit_is_refused(added: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="no secrets"):
        command("update", "portail", "--profile", "fapi2", "--id-token-alg", "ES256")


def test_an_algorithm_that_the_profile_leaves_out_is_refused(keyed: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="not with this profile"):
        command("update", "keyed", "--profile", "fapi2")
    changed = command("update", "keyed", "--profile", "fapi2", "--id-token-alg", "PS256")
    assert changed["profile"] == "fapi2"


BACK, FRONT = "https://portail.example/logout", f"{REDIRECT_URI}/logout"


@pytest.mark.parametrize(("channel", "uri"), [("backchannel", BACK), ("frontchannel", FRONT)])
def test_the_address_of_logouts_changes_and_can_be_taken_away(
    added: dict[str, Any], channel: str, uri: str
) -> None:
    before = command("show", "portail")
    address, session = f"{channel}_logout_uri", f"{channel}_logout_session_required"
    set_to = command(
        *("update", "portail", f"--{channel}-logout-uri", uri),
        f"--{channel}-logout-session-required",
    )
    assert set_to == {**before, address: uri, session: True}
    # The one without the other.
    assert command("update", "portail", f"--no-{channel}-logout-session-required") == {
        **before,
        address: uri,
    }
    assert command("update", "portail", f"--{channel}-logout-uri", "") == before


def test_ciba_is_begun_pinged_polled_and_ended(added: dict[str, Any]) -> None:
    grants = ("--grant", "authorization_code", "--grant", CIBA_GRANT)
    begun = command("update", "portail", *grants)
    assert begun["backchannel_token_delivery_mode"] == "poll"
    pinged = command("update", "portail", "--ciba-notification-endpoint", BACK)
    assert pinged["backchannel_token_delivery_mode"] == "ping"
    assert pinged["backchannel_client_notification_endpoint"] == BACK
    with pytest.raises(CommandError, match="needs the grant"):
        command("update", "portail", "--grant", "authorization_code")
    assert command("update", "portail", "--ciba-notification-endpoint", "") == begun
    ended = command("update", "portail", "--grant", "authorization_code")
    assert "backchannel_token_delivery_mode" not in ended


def test_the_right_to_look_up_is_given_and_taken_back(added: dict[str, Any]) -> None:
    before = command("show", "portail")
    assert command("update", "portail", "--may-look-up") == {**before, "may_look_up": True}
    assert command("update", "portail", "--no-may-look-up") == before
    given, taken = AuditRow.objects.filter(event="client_changed").order_by("id")
    assert given.data["changes"] == {"may_look_up": {"from": False, "to": True}}
    assert taken.data["changes"] == {"may_look_up": {"from": True, "to": False}}


def test_a_change_is_audited_with_what_was_before(added: dict[str, Any]) -> None:
    command("update", "portail", "--ecps-policy", "card_only")
    row = AuditRow.objects.get(event="client_changed")
    assert row.client_id == "portail"
    assert row.data["changes"] == {"ecps_policy": {"from": "any", "to": "card_only"}}


def test_the_same_value_again_is_no_change(added: dict[str, Any]) -> None:
    command("update", "portail", "--ecps-policy", "any")
    assert not AuditRow.objects.filter(event="client_changed").exists()


def test_a_change_is_in_force_at_once(added: dict[str, Any]) -> None:
    client_cache.find_client("portail")
    command("update", "portail", "--name", "Autre nom")
    found = client_cache.find_client("portail")
    assert found is not None
    assert found.name == "Autre nom"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--ecps-policy", "whatever"),
        ("--scope", "unknown"),
        ("--redirect-uri", "javascript:alert(1)"),
        ("--name", ""),
        ("--post-logout-redirect-uri", "https://a.example/#fragment"),
        ("--profile", "keycloak"),
        ("--id-token-alg", "none"),
        ("--grant", "password"),
        ("--grant", "refresh_token"),
        ("--backchannel-logout-uri", "javascript:alert(1)"),
        ("--backchannel-logout-uri", "https://a.example/#fragment"),
        ("--frontchannel-logout-uri", "https://elsewhere.example/logout"),
        ("--ciba-notification-endpoint", "https://portail.example/ping"),
        ("--grant", CIBA_GRANT, "--ciba-notification-endpoint", "portail.example/ping"),
        ("--grant", CIBA_GRANT, "--ecps-policy", "card_only"),
        ("--no-redirect-uri",),
    ],
)
def test_what_could_not_be_added_is_not_updated(
    added: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    before = command("show", "portail")
    with pytest.raises(CommandError):
        command("update", "portail", *arguments)
    assert command("show", "portail") == before
    assert not AuditRow.objects.filter(event="client_changed").exists()


def test_an_unknown_portal_is_not_updated() -> None:
    with pytest.raises(CommandError):
        command("update", "nobody", "--name", "P")


def test_what_is_registered_can_be_registered_again(added: dict[str, Any]) -> None:
    metadata_of(get_client(client_id="portail")).check()
    same = update_client(client_id="portail", changes={"name": "P"})
    assert same.name == "P"
