"""One login from the portal's button to its userinfo, as the wire shows it."""

from urllib.parse import urlsplit

import pytest
from django.urls import reverse
from joserfc import jwt
from joserfc.jwk import KeySet

from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.login.models import LoginAttempt
from tests.oidc.portal import PROTOCOL, REDIRECT_URI, Browser, Portal, issuer, parameters_of, prove

pytestmark = pytest.mark.django_db


def decoded(token: str) -> jwt.Token:
    """By the published keys alone, as a portal does."""
    keys = KeySet.import_key_set(Browser().get(f"{PROTOCOL}/certs").json())
    return jwt.decode(token, keys, algorithms=["RS256", "ES256"])


def test_a_login_ends_at_the_portal_with_code_state_and_iss(portal: Portal, doctor: Person) -> None:
    response = portal.log_in(portal.ask(), doctor)
    assert response.status_code == 302
    assert response["Location"].startswith(f"{REDIRECT_URI}?")
    answer = parameters_of(response)
    assert (answer["state"], answer["iss"]) == ("st4te", issuer())
    assert set(answer) == {"code", "state", "iss"}
    assert len(answer["code"]) == 43


def test_the_code_becomes_the_tokens_of_psc(portal: Portal, doctor: Person) -> None:
    response = portal.redeem(portal.code(doctor))
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"
    answer = response.json()
    assert set(answer) == {
        "access_token",
        "expires_in",
        "refresh_expires_in",
        "refresh_token",
        "token_type",
        "id_token",
        "not-before-policy",
        "session_state",
        "scope",
    }
    assert answer["token_type"] == "Bearer"
    assert (answer["expires_in"], answer["refresh_expires_in"]) == (120, 1800)
    assert (answer["not-before-policy"], answer["scope"]) == (0, "openid scope_all")


def test_the_id_token_holds_by_the_published_keys(portal: Portal, doctor: Person) -> None:
    token = decoded(portal.tokens(doctor)["id_token"])
    claims = token.claims
    assert (token.header["alg"], token.header["typ"]) == ("RS256", "JWT")
    assert claims["iss"] == issuer()
    assert claims["aud"] == claims["azp"] == portal.client.client_id
    assert claims["sub"] == str(doctor.pk)
    assert claims["nonce"] == "n0nce"
    assert claims["sid"] == claims["session_state"]
    assert (claims["acr"], claims["amr"]) == ("eidas2", ["sc", "pin", "mfa"])
    assert (claims["typ"], claims["SubjectNameID"]) == ("ID", doctor.national_id)
    assert claims["exp"] - claims["iat"] == 120


def test_the_userinfo_is_the_same_person_with_the_practice(portal: Portal, doctor: Person) -> None:
    tokens = portal.tokens(doctor)
    response = portal.userinfo(tokens["access_token"])
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response["Cache-Control"] == "no-store"
    told = response.json()
    assert told["sub"] == decoded(tokens["id_token"]).claims["sub"]
    assert told["SubjectNameID"] == doctor.national_id
    assert told["SubjectRole"] == ["10^1.2.250.1.213.1.1.5.5"]
    assert told["SubjectRefPro"]["exercices"][0]["codeProfession"] == "10"
    assert len(told["SubjectRefPro"]["exercices"][0]["activities"][0]) == 30


def test_a_second_portal_asks_nobody_anything(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    first = portal.tokens(doctor)
    other_portal.browser = portal.browser
    response = other_portal.ask()
    assert response["Location"].startswith(REDIRECT_URI)
    second = other_portal.redeem(parameters_of(response)["code"]).json()
    assert second["session_state"] == first["session_state"]


def test_another_browser_has_no_session(portal: Portal, doctor: Person) -> None:
    portal.tokens(doctor)
    portal.browser = Browser()
    assert urlsplit(portal.ask()["Location"]).path.startswith("/login/")


def test_every_answer_leaves_an_audit_row(portal: Portal, doctor: Person) -> None:
    portal.code(doctor)
    portal.code(doctor)
    rows = AuditRow.objects.filter(event="authorize", outcome="accepted").order_by("id")
    assert [row.data["sso"] for row in rows] == [False, True]
    assert {row.subject for row in rows} == {doctor.national_id}
    assert all(row.is_test for row in rows)


def test_a_test_identity_is_marked_in_every_token_that_tells_who(
    portal: Portal, doctor: Person
) -> None:
    response = portal.log_in(portal.ask(), doctor, amr=("test",))
    tokens = portal.redeem(parameters_of(response)["code"]).json()
    assert decoded(tokens["id_token"]).claims["amr"] == ["test"]
    access = decoded(tokens["access_token"]).claims
    assert (access["amr"], access["authMode"]) == (["test"], "CARD")
    assert portal.introspect(tokens["access_token"])["amr"] == ["test"]


def test_a_person_who_cancels_is_told_to_the_portal(portal: Portal, doctor: Person) -> None:
    login_page = portal.ask()["Location"]
    cancelled = portal.browser.post(f"{login_page}/cancel")
    back = portal.browser.get(cancelled["Location"])
    answer = parameters_of(portal.browser.get(back["Location"]))
    assert (answer["error"], answer["state"]) == ("access_denied", "st4te")
    assert answer["iss"] == issuer()


def test_the_way_back_is_used_once(portal: Portal, doctor: Person) -> None:
    attempt = LoginAttempt.objects.get(pk=portal.ask()["Location"].rsplit("/", 1)[1])
    prove(attempt, doctor)
    back = portal.browser.get(reverse("login:finish", args=[attempt.pk]))["Location"]
    assert "code=" in portal.browser.get(back)["Location"]
    again = portal.browser.get(back)
    assert again.status_code == 410
    assert "attempt_over" in again.content.decode()


def test_the_way_back_of_another_browser_leads_nowhere(portal: Portal, doctor: Person) -> None:
    attempt = LoginAttempt.objects.get(pk=portal.ask()["Location"].rsplit("/", 1)[1])
    prove(attempt, doctor)
    back = portal.browser.get(reverse("login:finish", args=[attempt.pk]))["Location"]
    assert Browser().get(back).status_code == 410
    assert portal.browser.get("/auth/resume?step=forged").status_code == 400
    assert portal.browser.get("/auth/resume").status_code == 400


def test_no_session_of_django_is_touched(portal: Portal, doctor: Person) -> None:
    portal.tokens(doctor)
    ours = {"hygie_browser", "hygie_sso", "hygie_known", "hygie_last_method"}
    assert set(portal.browser.cookies) == ours
