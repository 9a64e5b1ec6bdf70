"""While the database is away machines get JSON that says "later", and keys stay readable."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.urls import reverse

from idp.directory.models import Person
from idp.oidc.gateways import client_cache, keys
from tests.oidc.portal import Browser, Portal

pytestmark = pytest.mark.django_db


@contextmanager
def database_away() -> Iterator[None]:
    def refuse(*_: Any) -> None:
        raise OperationalError("no connection")

    with connection.execute_wrapper(refuse):
        yield


@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke"])
def test_the_back_channel_says_later_in_json(portal: Portal, endpoint: str) -> None:
    client_cache._held.clear()
    with database_away():
        response = portal.call(endpoint, {"grant_type": "refresh_token", "token": "x"})
    assert response.status_code == 503
    assert response.json() == {"error": "temporarily_unavailable"}
    assert (response["Cache-Control"], response["Retry-After"]) == ("no-store", "30")


def test_userinfo_never_calls_a_good_token_invalid_for_it(portal: Portal, doctor: Person) -> None:
    token = portal.tokens(doctor)["access_token"]
    with database_away():
        response = Browser().get(
            reverse("oidc:userinfo"), headers={"Authorization": f"Bearer {token}"}
        )
    assert response.status_code == 503


def test_keys_and_discovery_are_still_served(portal: Portal, doctor: Person) -> None:
    portal.tokens(doctor)
    held = Browser().get(reverse("oidc:certs")).content
    with pytest.MonkeyPatch.context() as patch, database_away():
        patch.setattr(keys, "RELOAD_EVERY", 0.0)
        assert Browser().get(reverse("oidc:certs")).content == held
        assert Browser().get(reverse("oidc:discovery")).status_code == 200


def test_health_says_so() -> None:
    with database_away():
        response = Browser().get(reverse("health"))
    assert (response.status_code, response.json()) == (503, {"status": "database"})
