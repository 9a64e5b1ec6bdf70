"""Introspection and revocation: for the token's own client, or one that was allowed."""

import pytest

from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.oidc.gateways import keys
from idp.oidc.gateways.client_cache import forget_client
from tests.oidc.portal import Portal

pytestmark = pytest.mark.django_db


def test_an_access_token_is_told_as_psc_tells_it(psc_portal: Portal, doctor: Person) -> None:
    token = psc_portal.tokens(doctor, nonce=None)["access_token"]
    told = psc_portal.introspect(token)
    assert told["active"] is True
    assert told["SubjectNameID"] == told["username"] == doctor.national_id
    assert told["client_id"] == told["azp"] == "portail-psc"
    assert told["nonce"] == ""
    assert {name: told[name] for name in keys.read(token, kind="Bearer")} == keys.read(
        token, kind="Bearer"
    )


def test_a_refresh_token_names_nobody(portal: Portal, doctor: Person) -> None:
    told = portal.introspect(portal.tokens(doctor)["refresh_token"])
    assert told["active"] is True
    assert not {"SubjectNameID", "username", "preferred_username"} & set(told)


def test_another_clients_token_is_told_as_a_dead_one(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    tokens = portal.tokens(doctor)
    for name in ("access_token", "refresh_token", "id_token"):
        assert other_portal.introspect(tokens[name]) == {"active": False}


def test_an_api_provider_that_was_allowed_sees_it(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    other_portal.client.introspects = [portal.client.client_id]
    other_portal.client.save()
    forget_client(other_portal.client.client_id)
    told = other_portal.introspect(portal.tokens(doctor)["access_token"])
    assert (told["active"], told["client_id"]) == (True, portal.client.client_id)


def test_dead_tokens_tell_nothing_else(portal: Portal, doctor: Person) -> None:
    tokens = portal.tokens(doctor)
    login.end_session(session=SsoSession.objects.get(), reason="test")
    for token in (tokens["access_token"], tokens["refresh_token"], tokens["id_token"], "x"):
        assert portal.introspect(token) == {"active": False}


def test_a_used_refresh_token_is_dead(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["refresh_token"]
    portal.refresh(token)
    assert portal.introspect(token) == {"active": False}


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "unheard_of"])
def test_a_hint_is_only_a_hint(portal: Portal, doctor: Person, hint: str) -> None:
    form = {"token": portal.tokens(doctor)["access_token"], "token_type_hint": hint}
    assert portal.call("token/introspect", form).json()["active"] is True


@pytest.mark.parametrize("endpoint", ["token/introspect", "revoke"])
def test_a_call_without_token_is_invalid(portal: Portal, endpoint: str) -> None:
    response = portal.call(endpoint, {"token_type_hint": "access_token"})
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_revoking_one_token_ends_the_family(portal: Portal, doctor: Person, name: str) -> None:
    tokens = portal.tokens(doctor)
    response = portal.call("revoke", {"token": tokens[name]})
    assert (response.status_code, response.json()) == (200, {})
    assert portal.userinfo(tokens["access_token"]).status_code == 401
    assert portal.refresh(tokens["refresh_token"]).status_code == 400


def test_revoking_leaves_the_session_of_other_portals(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    other_portal.browser = portal.browser
    mine, theirs = portal.tokens(doctor), other_portal.tokens(doctor)
    portal.call("revoke", {"token": mine["refresh_token"]})
    assert other_portal.userinfo(theirs["access_token"]).status_code == 200


def test_revoking_what_is_unknown_or_over_is_no_error(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["refresh_token"]
    for value in (token, token, "unknown"):
        assert portal.call("revoke", {"token": value}).status_code == 200


def test_another_clients_token_is_not_revoked(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    tokens = portal.tokens(doctor)
    response = other_portal.call("revoke", {"token": tokens["refresh_token"]})
    assert response.json()["error"] == "invalid_grant"
    assert portal.userinfo(tokens["access_token"]).status_code == 200
