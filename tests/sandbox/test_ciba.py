"""`/sandbox/ciba/{auth_req_id}`: a suite answers in the phone's place; only in the sandbox."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from idp.configuration import Mode
from idp.login.models import LoginAttempt
from tests.oidc.ciba import Asker
from tests.oidc.conftest import asker, doctor, portal

__all__ = ["asker", "doctor", "portal"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("verb", "state"), [("approve", "approved"), ("deny", "denied")])
def test_a_request_is_answered_once_by_its_auth_req_id(asker: Asker, verb: str, state: str) -> None:
    address = f"/sandbox/ciba/{asker.begin()}/{verb}"
    client = Client(enforce_csrf_checks=True)
    assert client.post(address).json() == {"state": state}
    assert client.post(address).status_code in (409, 410)


def test_an_unknown_auth_req_id_is_not_found(db: None) -> None:
    assert Client().post("/sandbox/ciba/unknown/approve").status_code == 404


def test_a_request_of_nobody_cannot_be_approved(asker: Asker) -> None:
    auth_req_id = asker.begin(login_hint="810100271385")
    assert Client().post(f"/sandbox/ciba/{auth_req_id}/approve").status_code == 404


def test_answering_is_not_done_by_a_link(asker: Asker) -> None:
    assert Client().get(f"/sandbox/ciba/{asker.begin()}/approve").status_code == 405


@pytest.mark.parametrize("verb", ["approve", "deny"])
def test_outside_the_sandbox_nothing_is_answered(asker: Asker, settings: Any, verb: str) -> None:
    address = reverse(f"sandbox:ciba_{verb}", args=[asker.begin()])
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.HYGIE = replace(
        settings.HYGIE, mode=Mode.PRODUCTION, base_url="https://connexion.example.fr"
    )
    assert Client().post(address).status_code == 404
    assert LoginAttempt.objects.get().state == "open"
