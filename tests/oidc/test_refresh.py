"""The refresh token: turns at every use, and a used one ends its family."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey
from pytest_django import Settings

from idp.core import clock
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import SsoSession
from idp.oidc.flows.clients import set_enabled
from idp.oidc.gateways import keys
from idp.oidc.models import Client
from tests.oidc.portal import Portal, issuer

pytestmark = pytest.mark.django_db


def claims_of(token: str) -> dict[str, Any]:
    """As the ANS component does that decodes it without the key."""
    key = KeySet(list(keys.ring().refreshing))
    return jwt.decode(token, key, algorithms=["HS256"]).claims


def refused(response: Any) -> bool:
    return (response.status_code, response.json().get("error")) == (400, "invalid_grant")


def test_a_refresh_gives_new_tokens_of_the_same_login(portal: Portal, doctor: Person) -> None:
    first = portal.tokens(doctor)
    response = portal.refresh(first["refresh_token"])
    second = response.json()
    assert response.status_code == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert second["session_state"] == first["session_state"]
    assert second["scope"] == "openid scope_all"
    assert portal.userinfo(second["access_token"]).status_code == 200
    # Requests that are under way with the token before go on until its own end.
    assert portal.userinfo(first["access_token"]).status_code == 200


def test_a_used_refresh_token_ends_the_family(portal: Portal, doctor: Person) -> None:
    first = portal.tokens(doctor)["refresh_token"]
    second = portal.refresh(first).json()
    assert refused(portal.refresh(first))
    assert refused(portal.refresh(second["refresh_token"]))
    assert portal.userinfo(second["access_token"]).status_code == 401


def test_a_refresh_token_of_another_client_is_refused_and_stays_good(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    token = portal.tokens(doctor)["refresh_token"]
    assert refused(other_portal.refresh(token))
    assert portal.refresh(token).status_code == 200


def test_a_refresh_needs_the_client(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": token}
    anonymous = portal.token_call(
        {**form, "client_id": portal.client.client_id}, HTTP_AUTHORIZATION=""
    )
    assert anonymous.status_code == 401
    assert portal.refresh(token).status_code == 200


def test_a_refresh_token_lives_half_an_hour(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        token = portal.tokens(doctor)["refresh_token"]
    with clock.frozen(start + timedelta(minutes=30)):
        assert refused(portal.refresh(token))


def test_refreshing_keeps_the_session_alive_up_to_four_hours(
    portal: Portal, doctor: Person
) -> None:
    start = clock.now()
    with clock.frozen(start):
        tokens = portal.tokens(doctor)
    for minutes in range(20, 240, 20):
        with clock.frozen(start + timedelta(minutes=minutes)):
            tokens = portal.refresh(tokens["refresh_token"]).json()
            assert "code=" in portal.ask(prompt="none")["Location"]
    assert tokens["refresh_expires_in"] == 20 * 60
    with clock.frozen(start + timedelta(hours=4)):
        assert refused(portal.refresh(tokens["refresh_token"]))


def test_no_token_outlives_the_session(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        tokens = portal.tokens(doctor)
    for minutes in (25, 50, 75, 100, 125, 150, 175, 200, 225):
        with clock.frozen(start + timedelta(minutes=minutes)):
            tokens = portal.refresh(tokens["refresh_token"]).json()
    with clock.frozen(start + timedelta(minutes=239)):
        tokens = portal.refresh(tokens["refresh_token"]).json()
        assert (tokens["expires_in"], tokens["refresh_expires_in"]) == (60, 60)


def test_a_refresh_token_dies_with_the_session(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["refresh_token"]
    login.end_session(session=SsoSession.objects.get(), reason="test")
    assert refused(portal.refresh(token))


def test_a_disabled_client_refreshes_nothing_until_it_is_enabled_again(
    portal: Portal, doctor: Person
) -> None:
    token = portal.tokens(doctor)["refresh_token"]
    set_enabled(client_id=portal.client.client_id, is_enabled=False)
    response = portal.refresh(token)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    set_enabled(client_id=portal.client.client_id, is_enabled=True)
    # The refused try has used nothing up.
    assert portal.refresh(token).status_code == 200


def test_a_client_disabled_by_another_process_refreshes_nothing(
    portal: Portal, doctor: Person
) -> None:
    """This process still knows the client as it was a moment ago: the grant's own read decides."""
    token = portal.tokens(doctor)["refresh_token"]
    rows = Client.objects.filter(pk=portal.client.pk)
    rows.update(is_enabled=False)
    assert refused(portal.refresh(token))
    rows.update(is_enabled=True)
    assert portal.refresh(token).status_code == 200


def test_the_time_of_the_login_is_kept(psc_portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        first = psc_portal.tokens(doctor)
    with clock.frozen(start + timedelta(minutes=10)):
        second = psc_portal.refresh(first["refresh_token"]).json()
        claims = keys.read(second["access_token"], kind="Bearer")
    assert claims["auth_time"] == int(start.timestamp())
    assert claims["iat"] - claims["auth_time"] == 600


def test_the_id_token_of_a_refresh_is_a_matter_of_the_profile(
    portal: Portal, psc_portal: Portal, doctor: Person
) -> None:
    strict = portal.refresh(portal.tokens(doctor)["refresh_token"]).json()
    assert "id_token" not in strict
    tolerant = psc_portal.refresh(psc_portal.tokens(doctor)["refresh_token"]).json()
    assert keys.read(tolerant["id_token"], kind="ID")["nonce"] == "n0nce"


def test_a_narrower_scope_is_given_and_a_wider_one_is_not(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor, scope="openid profile")["refresh_token"]
    narrow = portal.refresh(token, scope="openid").json()
    assert narrow["scope"] == "openid"
    assert set(portal.userinfo(narrow["access_token"]).json()) == {"sub"}
    wide = portal.refresh(narrow["refresh_token"], scope="openid scope_all")
    assert wide.json()["error"] == "invalid_scope"
    # What was granted may be asked again, and the refused try has used nothing up.
    again = portal.refresh(narrow["refresh_token"], scope="openid profile").json()
    assert again["scope"] == "openid profile"


def test_a_refresh_token_is_a_jwt_that_a_portal_can_read(
    psc_portal: Portal, doctor: Person
) -> None:
    tokens = psc_portal.tokens(doctor, nonce=None)
    claims = claims_of(tokens["refresh_token"])
    assert claims["typ"] == "Refresh"
    assert (claims["iss"], claims["aud"]) == (issuer(), issuer())
    assert (claims["azp"], claims["sub"]) == (psc_portal.client.client_id, str(doctor.pk))
    assert (claims["nonce"], claims["scope"]) == ("", "openid scope_all")
    assert claims["sid"] == claims["session_state"] == tokens["session_state"]
    assert claims["exp"] - claims["iat"] == 1800


def test_tokens_of_another_kind_or_key_do_not_refresh(portal: Portal, doctor: Person) -> None:
    tokens = portal.tokens(doctor)
    forger = OctKey.generate_key(256)
    claims = claims_of(tokens["refresh_token"])
    forged = jwt.encode({"alg": "HS256"}, claims, forger)
    for token in (tokens["access_token"], tokens["id_token"], forged, "x", "", "a.b.c", "é"):
        assert portal.refresh(token).status_code == 400
    assert portal.refresh(tokens["refresh_token"]).status_code == 200


def test_a_refresh_never_brings_an_idle_session_back(portal: Portal, doctor: Person) -> None:
    """Uses within a minute of one another are not written down: the last token lives longer."""
    began = clock.now()
    with clock.frozen(began):
        first = portal.tokens(doctor)["refresh_token"]
    with clock.frozen(began + timedelta(seconds=50)):
        second = portal.refresh(first).json()["refresh_token"]
    with clock.frozen(began + timedelta(minutes=30, seconds=20)):
        assert portal.refresh(second).status_code == 200
        assert "/login/" in portal.ask()["Location"]


def test_a_portal_that_did_not_register_the_grant_gets_no_refresh_token(
    portal: Portal, doctor: Person
) -> None:
    portal.client.grant_types = ["authorization_code"]
    portal.client.save()
    tokens = portal.tokens(doctor)
    assert "refresh_token" not in tokens
    # Pro Santé Connect: the key itself is read by clients.
    assert tokens["refresh_expires_in"] == 0


@pytest.mark.parametrize(
    ("changes", "policy"),
    [
        ({"left_register_at": "2026-11-01T00:00:00Z"}, {}),
        ({"practices_ended_on": "2026-11-01"}, {"refuses_whose_practices_ended": True}),
    ],
)
def test_whom_the_register_bars_has_no_token_any_more(
    portal: Portal,
    doctor: Person,
    settings: Settings,
    changes: dict[str, str],
    policy: dict[str, bool],
) -> None:
    settings.HYGIE = replace(settings.HYGIE, **policy)
    tokens = portal.tokens(doctor)
    Person.objects.filter(pk=doctor.pk).update(**changes)
    assert portal.userinfo(tokens["access_token"]).status_code == 401
    assert refused(portal.refresh(tokens["refresh_token"]))
