"""The dispatcher's pages, through Django's test client."""

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import LoginAttempt
from idp.login.rules.authentication import LoginPolicy
from tests.login.conftest import BROWSER, open_one, proof_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor() -> Client:
    client = Client()
    client.cookies[settings.HYGIE.cookie_name("browser")] = BROWSER.secret
    return client


def page(attempt: LoginAttempt, name: str = "dispatch") -> str:
    return reverse(f"login:{name}", args=[attempt.pk])


def test_the_login_page_offers_the_means_and_names_the_portal(visitor: Client) -> None:
    response = visitor.get(page(open_one()))
    html = response.content.decode()
    assert response.status_code == 200
    for element in ("choose-card", "choose-phone", "choose-test", "cancel"):
        assert f'id="{element}"' in html
    assert "portail.example" in html
    assert response["Cache-Control"]


def test_a_means_below_the_level_asked_is_not_shown(visitor: Client) -> None:
    html = visitor.get(page(open_one(LoginPolicy(acr_values=("eidas3",))))).content.decode()
    assert 'id="choose-card"' not in html


def test_the_login_page_may_send_its_forms_to_the_portal_and_nowhere_else(visitor: Client) -> None:
    policy = visitor.get(page(open_one()))["Content-Security-Policy"]
    assert "form-action 'self' https://portail.example" in policy
    assert "frame-ancestors 'none'" in policy


def test_another_browser_sees_an_error_page() -> None:
    response = Client().get(page(open_one()))
    assert response.status_code == 410
    assert 'data-code="attempt_over"' in response.content.decode()


def test_a_malformed_cookie_is_no_cookie() -> None:
    client = Client()
    client.cookies[settings.HYGIE.cookie_name("browser")] = "short"
    assert client.get(page(open_one())).status_code == 410


def test_cancelling_refuses_the_attempt_and_returns(visitor: Client) -> None:
    attempt = open_one()
    response = visitor.post(page(attempt, "cancel"))
    assert response.status_code == 303
    attempt.refresh_from_db()
    assert (attempt.state, attempt.refusal_code) == ("refused", "access_denied")
    back = visitor.get(response["Location"])
    assert back["Location"].startswith(reverse("help") + "?step=")
    assert AuditRow.objects.get().outcome == "refused"


def test_cancelling_needs_the_pages_own_form(visitor: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = visitor.cookies
    assert strict.post(page(open_one(), "cancel")).status_code == 403


def test_cancelling_is_not_done_by_a_link(visitor: Client) -> None:
    assert visitor.get(page(open_one(), "cancel")).status_code == 405


def test_a_proven_attempt_is_finished_once_with_a_session_cookie(
    visitor: Client, person: Person
) -> None:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    assert visitor.get(page(attempt))["Location"] == page(attempt, "finish")
    response = visitor.get(page(attempt, "finish"))
    cookie = response.cookies[settings.HYGIE.cookie_name("sso")]
    assert response.status_code == 303
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert visitor.get(page(attempt, "finish")).status_code == 410


def test_an_attempt_without_proof_cannot_be_finished(visitor: Client) -> None:
    assert visitor.get(page(open_one(), "finish")).status_code == 410
