"""A portal gets other settings: checked as when it was added, audited, in force at once."""

from typing import Any

import pytest
from django.core.management.base import CommandError

from idp.audit.models import AuditRow
from idp.oidc.flows.clients import get_client, metadata_of, update_client
from idp.oidc.gateways import client_cache
from tests.oidc.portal import REDIRECT_URI
from tests.oidc.test_clients import command

pytestmark = pytest.mark.django_db

OTHER_URI = "https://autre.example/retour"


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
