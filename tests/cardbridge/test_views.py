"""The card page and its three addresses: for this browser, this attempt, and our own page only."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cps_bridge.authentication import State
from django.conf import settings
from django.test import Client
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.cardbridge.flows.answer import ANSWERS_PER_ATTEMPT
from idp.cardbridge.flows.explanations import EXPLANATIONS, explanation_of
from idp.cardbridge.rules.refusals import BridgeCode, CardCode
from idp.login.models import LoginAttempt
from tests.emulators.cards import make_token
from tests.login.conftest import BROWSER

# Faults between programs, that the person can only report: they share one text.
UNEXPECTED = {
    "answer_unreadable",
    "algorithm_refused",
    "certificate_unreadable",
    "signature_wrong",
    "not_for_login",
    "bad_challenge",
    "bad_message",
    "unknown_message",
}


@pytest.fixture
def browser(attempt: LoginAttempt) -> Client:
    client = Client()
    client.cookies[settings.HYGIE.cookie_name("browser")] = BROWSER.secret
    return client


def url(name: str, attempt: LoginAttempt) -> str:
    return reverse(f"cardbridge:{name}", args=[attempt.pk])


def post(client: Client, address: str, body: Any) -> Any:
    return client.post(address, json.dumps(body), content_type="application/json")


def test_a_card_login_over_http(sandbox: Path, attempt: LoginAttempt, browser: Client) -> None:
    issued = post(browser, url("challenge", attempt), {}).json()
    assert set(issued) == {"challenge", "control_code"}
    token = make_token(sandbox / "doctor", settings.HYGIE.origin, issued["challenge"])
    response = post(browser, url("answer", attempt), token)
    assert response.status_code == 200
    assert response.json() == {"next": reverse("login:finish", args=[attempt.pk])}
    assert response["Cache-Control"].startswith("max-age=0, no-cache, no-store")


def test_a_refusal_is_a_problem_with_words_and_the_reference_of_its_row(
    sandbox: Path, attempt: LoginAttempt, browser: Client
) -> None:
    issued = post(browser, url("challenge", attempt), {}).json()
    token = make_token(sandbox / "revoked", settings.HYGIE.origin, issued["challenge"])
    response = post(browser, url("answer", attempt), token)
    assert response.status_code == 403
    problem = response.json()
    assert problem["code"] == "card_revoked"
    assert "opposition depuis le" in problem["description"]
    assert problem["can_retry"] is True  # with the new card, where there is one
    assert AuditRow.objects.get(reference=problem["reference"]).data["code"] == "card_revoked"
    assert set(problem) == {
        *("code", "title", "description", "next_step", "can_retry", "reference"),
    }


@pytest.mark.parametrize("name", ["challenge", "answer", "failure"])
def test_another_browser_gets_nothing(attempt: LoginAttempt, name: str) -> None:
    stranger = Client()
    stranger.cookies[settings.HYGIE.cookie_name("browser")] = "x" * 43
    response = post(stranger, url(name, attempt), {})
    assert response.status_code == 410
    assert response.json()["code"] == "attempt_over"


@pytest.mark.parametrize("name", ["challenge", "answer", "failure"])
def test_a_form_of_another_site_is_refused(attempt: LoginAttempt, name: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies[settings.HYGIE.cookie_name("browser")] = BROWSER.secret
    assert post(strict, url(name, attempt), {}).status_code == 403


@pytest.mark.parametrize("name", ["challenge", "answer", "failure"])
def test_reading_changes_nothing(attempt: LoginAttempt, browser: Client, name: str) -> None:
    assert browser.get(url(name, attempt)).status_code == 405


def test_an_attempt_that_is_over_has_no_card_page(attempt: LoginAttempt, browser: Client) -> None:
    LoginAttempt.objects.filter(pk=attempt.pk).update(state="taken")
    assert browser.get(url("start", attempt)).status_code == 410


def test_a_body_beyond_the_limit_is_refused(attempt: LoginAttempt, browser: Client) -> None:
    post(browser, url("challenge", attempt), {})
    response = post(browser, url("answer", attempt), {"format": "x" * 20_000})
    assert response.json()["code"] == "answer_unreadable"


# ---- the page -----------------------------------------------------------------------------------


def test_the_page_may_reach_the_bridge_and_nothing_else(
    attempt: LoginAttempt, browser: Client
) -> None:
    response = browser.get(url("start", attempt))
    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
    )
    expected = {"'self'"} | {
        f"{scheme}://127.0.0.1:{port}"
        for port in settings.HYGIE.bridge_ports
        for scheme in ("ws", "http")
    }
    assert set(policy["connect-src"].split()) == expected
    assert policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == "'self'"
    other = browser.get(reverse("login:dispatch", args=[attempt.pk]))
    assert "127.0.0.1" not in other["Content-Security-Policy"]


def test_the_page_holds_what_the_module_and_the_journeys_look_for(
    attempt: LoginAttempt, browser: Client
) -> None:
    html = browser.get(url("start", attempt)).content.decode()
    for element in ("card-status", "retry", "choose-other", "open-reader", "control-code"):
        assert f'id="{element}"' in html
    assert "<noscript>" in html
    assert 'role="status" aria-live="polite"' in html
    assert 'type="module"' in html
    assert reverse("login:dispatch", args=[attempt.pk]) in html
    assert "style=" not in html


def test_the_page_has_words_for_everything_the_bridge_may_be_doing(
    attempt: LoginAttempt, browser: Client
) -> None:
    html = browser.get(url("start", attempt)).content.decode()
    # The desk keeps the moment after the PIN to itself.
    told = set(State) - {State.CARD_AT_WORK}
    own = {"search", "permission", "permission_asked", "checking", "done"}
    assert set(re.findall(r'data-state="([a-z_]+)" data-step', html)) == told | own
    assert set(re.findall(r'data-hint="([a-z_]+)"', html)) == {"no_bridge", "permission_denied"}
    assert 'id="safari-unable"' in html


# ---- what the workstation reports ---------------------------------------------------------------


@pytest.mark.parametrize("code", list(BridgeCode))
def test_what_the_bridge_reports_is_audited_and_explained(
    attempt: LoginAttempt, browser: Client, code: BridgeCode
) -> None:
    response = post(browser, url("failure", attempt), {"code": code})
    assert response.status_code == 200
    problem = response.json()
    row = AuditRow.objects.get(reference=problem["reference"])
    assert (row.outcome, row.data["code"], row.data["method"]) == ("refused", code, "card")
    assert problem["title"]
    assert problem["description"]
    assert problem["next_step"]


@pytest.mark.parametrize(
    "body", [{}, [], "PIN_LOCKED", {"code": "1234"}, {"code": 1}, {"code": ["pin_locked"]}, None]
)
def test_nothing_but_a_known_code_can_be_reported(
    attempt: LoginAttempt, browser: Client, body: Any
) -> None:
    response = post(browser, url("failure", attempt), body)
    assert response.status_code == 400
    assert not AuditRow.objects.filter(event="login").exists()


def test_reports_are_rationed(attempt: LoginAttempt, browser: Client) -> None:
    for _ in range(40):
        post(browser, url("failure", attempt), {"code": "timeout"})
    response = post(browser, url("failure", attempt), {"code": "timeout"})
    assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")


def test_challenges_are_rationed_with_words(attempt: LoginAttempt, browser: Client) -> None:
    answers = [post(browser, url("challenge", attempt), {}) for _ in range(21)]
    assert answers[-1].status_code == 429
    assert answers[-1].json()["title"]


# ---- the words ----------------------------------------------------------------------------------


def test_every_refusal_has_words_of_its_own_or_is_a_fault_between_programs() -> None:
    codes = {str(code) for code in (*BridgeCode, *CardCode)}
    assert set(EXPLANATIONS) == codes - UNEXPECTED


def test_a_blocked_card_is_told_how_it_is_unblocked() -> None:
    row = explanation_of(BridgeCode.PIN_LOCKED)
    words = f"{row.title} {row.description} {row.next_step}"
    for needed in ("8 chiffres", "CPAM", "CPS Info Service", "CPS-Gestion"):
        assert needed in words


def test_no_words_speak_of_technique() -> None:
    for row in EXPLANATIONS.values():
        words = f"{row.title} {row.description} {row.next_step} {row.dated}".lower()
        assert not any(word in words for word in ("certificat", "jeton", "oidc", "token", "crl"))


def test_a_flood_of_answers_does_not_fill_the_audit_log(
    attempt: LoginAttempt, browser: Client
) -> None:
    for _try in range(ANSWERS_PER_ATTEMPT):
        assert post(browser, url("answer", attempt), {}).status_code == 400
    refused = post(browser, url("answer", attempt), {})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert AuditRow.objects.filter(event="login").count() == ANSWERS_PER_ATTEMPT
