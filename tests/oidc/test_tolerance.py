"""What portals of Pro Santé Connect send and read: each line of its tolerance list that applies."""

from typing import Any
from urllib.parse import quote

import pytest

from idp.directory.models import Person
from idp.oidc.gateways import keys
from tests.oidc.portal import PROTOCOL, REDIRECT_URI, Browser, Portal, basic, issuer, parameters_of

pytestmark = pytest.mark.django_db
NO_PKCE = {"code_challenge": None, "code_challenge_method": None}


def test_the_live_link_of_a_national_portal_logs_in(psc_portal: Portal, doctor: Person) -> None:
    """Neither state nor nonce nor PKCE, and the path with its slash."""
    link = (
        "/auth/?scope=openid%20scope_all&acr_values=eidas1&response_type=code"
        f"&redirect_uri={quote(REDIRECT_URI, safe='')}&client_id=portail-psc"
    )
    response = psc_portal.log_in(psc_portal.browser.get(link), doctor)
    answer = parameters_of(response)
    assert set(answer) == {"code", "session_state", "iss"}
    tokens = psc_portal.redeem(answer["code"], code_verifier=None).json()
    assert tokens["session_state"] == answer["session_state"]
    for name, kind in (("access_token", "Bearer"), ("id_token", "ID")):
        claims = keys.read(tokens[name], kind=kind)
        assert claims["nonce"] == ""
        assert claims["acr"] == "eidas1"


@pytest.mark.parametrize("path", ["/auth", "/auth/", f"{PROTOCOL}/auth", "/auth//"])
def test_every_spelling_of_the_path_is_accepted(psc_portal: Portal, path: str) -> None:
    assert "/login/" in psc_portal.ask(path)["Location"]


def test_a_query_that_was_stored_with_the_address_is_merged(psc_portal: Portal) -> None:
    stored = "/auth/?acr_values=eidas1"
    query = "&".join(f"{name}={quote(value)}" for name, value in psc_portal.request.items())
    assert "/login/" in psc_portal.browser.get(f"{stored}&{query}")["Location"]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ({"acr_values": "eidas1"}, "eidas1"),
        ({"acr_values": "eidas2"}, "eidas2"),
        ({"acr_values": "unknown"}, "eidas2"),
        ({"acr": "eidas1"}, "eidas2"),
        ({}, "eidas2"),
    ],
)
def test_no_acr_of_a_portal_is_refused(
    psc_portal: Portal, doctor: Person, asked: dict[str, str | None], answered: str
) -> None:
    tokens = psc_portal.tokens(doctor, **asked)
    assert keys.read(tokens["id_token"], kind="ID")["acr"] == answered


def test_state_and_nonce_may_be_missing(psc_portal: Portal, doctor: Person) -> None:
    response = psc_portal.log_in(psc_portal.ask(state=None, nonce=None), doctor)
    assert "state" not in parameters_of(response)


@pytest.mark.parametrize("method", ["plain", None])
def test_plain_is_for_those_who_are_allowed_it(
    psc_portal: Portal, doctor: Person, method: str | None
) -> None:
    verifier = "p" * 43
    code = psc_portal.code(doctor, code_challenge=verifier, code_challenge_method=method)
    assert psc_portal.redeem(code, code_verifier="q" * 43).status_code == 400
    assert psc_portal.redeem(code, code_verifier=verifier).status_code == 200


def test_a_challenge_that_was_sent_binds_a_tolerant_client_too(
    psc_portal: Portal, doctor: Person
) -> None:
    code = psc_portal.code(doctor)
    assert psc_portal.redeem(code, code_verifier=None).status_code == 400


def test_scope_all_without_openid_opens_userinfo(psc_portal: Portal, doctor: Person) -> None:
    tokens = psc_portal.tokens(doctor, scope="scope_all", **NO_PKCE)
    assert "id_token" not in tokens
    assert psc_portal.userinfo(tokens["access_token"]).json()["SubjectNameID"] == (
        doctor.national_id
    )


def test_a_refresh_may_repeat_its_scope(psc_portal: Portal, doctor: Person) -> None:
    tokens = psc_portal.tokens(doctor, scope="openid scope_all email")
    again = psc_portal.refresh(tokens["refresh_token"], scope="openid scope_all email")
    assert again.json()["scope"] == "openid scope_all"


def test_slashes_may_be_doubled(psc_portal: Portal, doctor: Person) -> None:
    token = psc_portal.tokens(doctor)["access_token"]
    doubled = PROTOCOL.replace("openid-connect", "openid-connect/")
    response = Browser().get(f"{doubled}/userinfo", HTTP_AUTHORIZATION=f"Bearer {token}")
    assert response.status_code == 200
    told = Browser().post(
        f"{doubled}/token/introspect",
        f"token={token}",
        content_type="application/x-www-form-urlencoded",
        HTTP_AUTHORIZATION=basic("portail-psc"),
    )
    assert told.json()["active"] is True


def test_the_three_tokens_carry_what_an_ans_component_requires(
    psc_portal: Portal, doctor: Person
) -> None:
    tokens = psc_portal.tokens(doctor)
    access = keys.read(tokens["access_token"], kind="Bearer")
    identity = keys.read(tokens["id_token"], kind="ID")
    refresh = keys.read_refresh(tokens["refresh_token"])
    for claims in (access, identity, refresh):
        assert claims["session_state"] == claims["sid"] == tokens["session_state"]
        assert claims["nonce"] == "n0nce"
        assert all(type(claims[name]) is int for name in ("exp", "iat", "auth_time"))
    assert isinstance(identity["aud"], str)
    assert isinstance(refresh["aud"], str)
    assert "aud" not in access
    assert access["PSISubjectNameID"] == ""
    assert access["otherIds"] == [
        {"identifiant": doctor.national_id, "origine": "RPPS", "qualite": 1}
    ]


def test_the_userinfo_keeps_the_keys_of_every_age(psc_portal: Portal, doctor: Person) -> None:
    told: dict[str, Any] = psc_portal.userinfo(psc_portal.tokens(doctor)["access_token"]).json()
    assert told["codeCivilite"] == told["SubjectRefPro"]["codeCivilite"] == "MME"
    assert told["Acces_Regulation_Medicale"] == "FAUX"
    assert isinstance(told["SubjectRole"], list)
    assert told["authMode"] == "CARD"
    activity = told["SubjectRefPro"]["exercices"][0]["activities"][0]
    assert len(activity) == 30
    assert None not in activity.values()
    assert "name" not in told


def test_iss_is_in_errors_too(psc_portal: Portal) -> None:
    assert parameters_of(psc_portal.ask(prompt="none"))["iss"] == issuer()
