"""A method's page once the attempt was decided: the first answer holds, and is gone on with."""

from dataclasses import replace

import pytest
from django.conf import LazySettings, settings
from django.test import Client
from django.urls import reverse

from idp.audit.models import AuditRow
from idp.core import clock
from idp.directory.models import Person
from idp.login import flows as login
from idp.login.models import LoginAttempt
from tests.login.conftest import BROWSER, open_one, proof_of

pytestmark = pytest.mark.django_db

PAGES = (
    "cardbridge:start",
    "enrollment:offline_start",
    "enrollment:phone_start",
    "sandbox:test_identity",
)


@pytest.fixture(autouse=True)
def _every_method_is_on(settings: LazySettings) -> None:
    settings.HYGIE = replace(settings.HYGIE, offline_codes=True)


@pytest.fixture
def visitor() -> Client:
    client = Client()
    client.cookies[settings.HYGIE.cookie_name("browser")] = BROWSER.secret
    return client


def dispatcher(attempt: LoginAttempt) -> str:
    return reverse("login:dispatch", args=[attempt.pk])


@pytest.mark.parametrize("name", PAGES)
def test_after_a_proof_the_page_goes_on(visitor: Client, person: Person, name: str) -> None:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    answer = visitor.get(reverse(name, args=[attempt.pk]))
    assert (answer.status_code, answer["Location"]) == (303, dispatcher(attempt))


@pytest.mark.parametrize("name", PAGES)
def test_after_a_refusal_the_page_goes_on(visitor: Client, name: str) -> None:
    attempt = open_one()
    login.refuse(attempt=attempt, code="access_denied")
    assert visitor.get(reverse(name, args=[attempt.pk])).status_code == 303


@pytest.mark.parametrize("name", PAGES)
def test_another_browser_is_told_nothing(person: Person, name: str) -> None:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    assert Client().get(reverse(name, args=[attempt.pk])).status_code == 410


@pytest.mark.parametrize("name", PAGES)
def test_what_is_over_is_over(visitor: Client, person: Person, name: str) -> None:
    attempt = open_one()
    login.prove(attempt=attempt, authentication=proof_of(person))
    attempt.refresh_from_db()
    login.finish(attempt=attempt)
    assert visitor.get(reverse(name, args=[attempt.pk])).status_code == 410
    late = open_one()
    with clock.frozen(clock.now() + settings.HYGIE.lifetimes.login_attempt):
        assert visitor.get(reverse(name, args=[late.pk])).status_code == 410


def test_a_double_click_logs_in_once(visitor: Client, person: Person) -> None:
    attempt = open_one()
    form = {"person": person.national_id, "auth_mode": "CARD"}
    address = reverse("sandbox:test_identity", args=[attempt.pk])
    assert visitor.post(address, form)["Location"] == reverse("login:finish", args=[attempt.pk])
    assert visitor.post(address, form)["Location"] == dispatcher(attempt)
    assert visitor.get(dispatcher(attempt))["Location"] == reverse(
        "login:finish", args=[attempt.pk]
    )
    assert AuditRow.objects.filter(event="login").count() == 1
