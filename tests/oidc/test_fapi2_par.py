"""FAPI 2.0 Security Profile, pushed requests and PKCE: by the names of the suite's modules."""

from datetime import timedelta

import pytest

from idp.core import clock
from idp.directory.models import Person
from idp.oidc.models import Client, Grant
from idp.oidc.rules.profiles import ProfileName
from tests.oidc.portal import Browser, parameters_of
from tests.oidc.signing_portal import (
    PAR,
    SigningPortal,
    assert_error,
    signing_portal,
)

pytestmark = pytest.mark.django_db


def test_fapi2_par_ensure_reused_request_uri_prior_to_auth_completion_succeeds(
    fapi: SigningPortal, doctor: Person
) -> None:
    request_uri = fapi.pushed()
    assert fapi.visit(request_uri).status_code == 302
    assert "code" in parameters_of(fapi.log_in(fapi.visit(request_uri), doctor))


def test_fapi2_par_attempt_reuse_request_uri(fapi: SigningPortal, doctor: Person) -> None:
    request_uri = fapi.pushed()
    fapi.log_in(fapi.visit(request_uri), doctor)
    again = fapi.visit(request_uri)
    assert again.status_code == 400
    assert "Location" not in again.headers


def test_two_tabs_on_one_request_uri_get_one_answer(fapi: SigningPortal, doctor: Person) -> None:
    request_uri = fapi.pushed()
    first, second = fapi.visit(request_uri), fapi.visit(request_uri)
    assert "code" in parameters_of(fapi.log_in(first, doctor))
    late = fapi.log_in(second, doctor)
    assert (late.status_code, Grant.objects.count()) == (400, 1)


def test_fapi2_par_attempt_to_use_expired_request_uri(fapi: SigningPortal) -> None:
    response = fapi.push()
    assert 5 <= response.json()["expires_in"] < 600
    with clock.frozen(clock.now() + timedelta(seconds=response.json()["expires_in"] + 1)):
        assert fapi.visit(response.json()["request_uri"]).status_code == 400


def test_fapi2_par_attempt_to_use_request_uri_for_different_client(
    fapi: SigningPortal, other: SigningPortal
) -> None:
    assert other.visit(fapi.pushed()).status_code == 400


def test_fapi2_par_authorization_request_containing_request_uri_form_param(
    fapi: SigningPortal,
) -> None:
    assert_error(fapi.push(request_uri=fapi.pushed()), "invalid_request")


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_fapi2_par_attempt_invalid_http_method(fapi: SigningPortal, method: str) -> None:
    response = getattr(Browser(), method)(
        f"/auth/realms/esante-wallet/protocol/openid-connect/{PAR}"
    )
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_fapi2_par_ensure_pkce_required(fapi: SigningPortal) -> None:
    response = fapi.push(code_challenge=None, code_challenge_method=None)
    assert_error(response, "invalid_request")


@pytest.mark.parametrize("method", ["plain", None])
def test_fapi2_par_plain_pkce_rejected(fapi: SigningPortal, method: str | None) -> None:
    assert_error(fapi.push(code_challenge_method=method), "invalid_request")


@pytest.mark.parametrize("verifier", [None, "w" * 43])
def test_fapi2_ensure_pkce_code_verifier_required_and_right(
    fapi: SigningPortal, doctor: Person, verifier: str | None
) -> None:
    code = fapi.code_pushed(doctor)
    assert_error(fapi.redeem_signed(code, code_verifier=verifier), "invalid_grant")


def test_fapi2_par_without_duplicate_parameters(fapi: SigningPortal, doctor: Person) -> None:
    assert "code" in parameters_of(fapi.log_in(fapi.visit(fapi.pushed()), doctor))


def test_a_client_that_says_so_must_push_too(doctor: Person) -> None:
    portal = signing_portal(
        "pousse", profile=ProfileName.STANDARD, require_pushed_authorization_requests=True
    )
    assert parameters_of(portal.ask())["error"] == "invalid_request"
    assert "code" in parameters_of(portal.log_in(portal.visit(portal.pushed()), doctor))
    assert Client.objects.get().must_push_requests


def test_a_pushed_request_of_another_browser_is_each_browsers_own(
    fapi: SigningPortal, doctor: Person
) -> None:
    # The address alone gives nothing: whoever opens it logs in themselves.
    fapi.log_in(fapi.visit(fapi.pushed()), doctor)
    fapi.browser = Browser()
    assert "/login/" in fapi.visit(fapi.pushed())["Location"]
