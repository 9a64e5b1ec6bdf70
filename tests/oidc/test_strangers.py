"""Refusals of callers who proved nothing: counted by address, and nobody else is kept out."""

from typing import Any

import pytest

from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.oidc.flows import strangers
from tests.oidc.portal import REDIRECT_URI, Browser, Portal, basic

pytestmark = pytest.mark.django_db
LIMIT = 3


@pytest.fixture(autouse=True)
def _low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strangers, "LIMIT", LIMIT)


def rows(event: str) -> int:
    return AuditRow.objects.filter(event=event, outcome="refused").count()


def guess(portal: Portal, endpoint: str = "token", **headers: Any) -> Any:
    secret = basic(portal.client.client_id, "wrong")
    return portal.call(
        endpoint,
        {"grant_type": "refresh_token", "refresh_token": "x", "token": "x"},
        HTTP_AUTHORIZATION=secret,
        **headers,
    )


@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke"])
def test_a_flood_of_wrong_secrets_is_answered_429_and_fills_no_log(
    portal: Portal, endpoint: str
) -> None:
    for _ in range(LIMIT):
        assert guess(portal, endpoint).status_code == 401
    refused = guess(portal, endpoint)
    assert refused.status_code == 429
    assert refused.json() == {"error": "too_many_requests"}
    assert (refused["Cache-Control"], refused["Retry-After"]) == ("no-store", "30")
    assert rows("token") == LIMIT


def test_a_call_that_is_refused_before_its_client_is_known_counts_too(portal: Portal) -> None:
    form = {"grant_type": "password"}
    for _ in range(LIMIT):
        assert portal.call("token", form, HTTP_AUTHORIZATION="").status_code == 400
    assert portal.call("token", form, HTTP_AUTHORIZATION="").status_code == 429


def test_the_real_client_at_the_same_address_is_never_kept_out(
    portal: Portal, doctor: Person
) -> None:
    code = portal.code(doctor)
    for _ in range(LIMIT + 2):
        guess(portal)
    assert guess(portal).status_code == 429
    tokens = portal.redeem(code)
    assert tokens.status_code == 200
    assert portal.refresh(tokens.json()["refresh_token"]).status_code == 200


def test_refusals_of_an_authenticated_client_are_all_in_the_log(portal: Portal) -> None:
    for _ in range(LIMIT + 2):
        assert portal.redeem("no-code").status_code == 400
    assert rows("token") == LIMIT + 2


def test_addresses_are_counted_apart(portal: Portal) -> None:
    for _ in range(LIMIT + 1):
        guess(portal)
    assert guess(portal, REMOTE_ADDR="192.0.2.7").status_code == 401


def test_a_forwarded_address_that_nobody_vouches_for_opens_no_new_window(portal: Portal) -> None:
    for number in range(LIMIT):
        guess(portal, HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    assert guess(portal, HTTP_X_FORWARDED_FOR="192.0.2.99").status_code == 429


def test_a_flood_of_unknown_portals_keeps_its_page_and_fills_no_log(db: None) -> None:
    pages = [Browser().get("/auth", {"client_id": "nobody"}) for _ in range(LIMIT + 2)]
    assert {page.status_code for page in pages} == {400}
    assert b'id="error-reference"' in pages[0].content
    assert b'id="error-reference"' not in pages[-1].content
    assert rows("authorize") == LIMIT


def test_a_flood_of_bad_requests_still_returns_to_the_portal(portal: Portal) -> None:
    for _ in range(LIMIT + 2):
        answer = portal.ask(prompt="none")
        assert answer["Location"].startswith(REDIRECT_URI)
        assert "error=login_required" in answer["Location"]
    assert rows("authorize") == LIMIT
