"""Lean by design: what each back-channel call costs the database."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from idp.core import clock
from idp.directory.models import Person
from tests.oidc.portal import Portal
from tests.oidc.signing_portal import signing_portal

pytestmark = pytest.mark.django_db


def statements(call: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        response = call()
    assert getattr(response, "status_code", 200) == 200
    return len([query for query in captured if "SAVEPOINT" not in query["sql"]])


@pytest.fixture
def tokens(portal: Portal, doctor: Person) -> dict[str, Any]:
    """A login, so that client and keys are warm."""
    return portal.tokens(doctor)


def test_a_code_exchange_is_one_look_up_and_the_gate(
    portal: Portal, doctor: Person, tokens: dict[str, Any]
) -> None:
    code = portal.code(doctor)
    assert statements(lambda: portal.redeem(code)) == 2


def test_a_refresh_is_one_look_up_and_the_gate(portal: Portal, tokens: dict[str, Any]) -> None:
    assert statements(lambda: portal.refresh(tokens["refresh_token"])) == 2


def test_a_refresh_that_keeps_the_session_alive_is_three(
    portal: Portal, tokens: dict[str, Any]
) -> None:
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert statements(lambda: portal.refresh(tokens["refresh_token"])) == 3


def test_userinfo_is_one_look_up(portal: Portal, tokens: dict[str, Any]) -> None:
    assert statements(lambda: portal.userinfo(tokens["access_token"])) == 1


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_introspection_is_one_look_up(portal: Portal, tokens: dict[str, Any], name: str) -> None:
    assert statements(lambda: portal.introspect(tokens[name])) == 1


def test_a_forged_token_costs_no_look_up(portal: Portal, tokens: dict[str, Any]) -> None:
    assert statements(lambda: portal.introspect("a.b.c")) == 0


def test_each_identifier_that_may_come_once_is_one_statement_more(doctor: Person) -> None:
    portal = signing_portal()
    portal.with_nonce()
    tokens = portal.bound_tokens(doctor)
    code = portal.code_pushed(doctor)
    # The assertion's and the proof's.
    assert statements(lambda: portal.redeem_signed(code)) == 2 + 2
    assert statements(lambda: portal.resource(tokens["access_token"])) == 1 + 1
