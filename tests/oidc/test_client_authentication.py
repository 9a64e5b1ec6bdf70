"""How a client proves who it is at the back-channel endpoints."""

import base64

import pytest

from idp.audit.models import AuditRow
from idp.core import secrets
from idp.directory.models import Person
from idp.oidc.flows.clients import rotate_secret
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client
from tests.oidc.portal import REDIRECT_URI, SECRET, VERIFIER, Portal, basic

pytestmark = pytest.mark.django_db


def redemption(portal: Portal, person: Person) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": portal.code(person),
        "redirect_uri": REDIRECT_URI,
        "code_verifier": VERIFIER,
    }


def in_form(portal: Portal, secret: str = SECRET) -> dict[str, str]:
    return {"client_id": portal.client.client_id, "client_secret": secret}


def raw_basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_the_secret_in_the_form_is_as_good_as_in_the_header(portal: Portal, doctor: Person) -> None:
    form = {**redemption(portal, doctor), **in_form(portal)}
    assert portal.token_call(form, HTTP_AUTHORIZATION="").status_code == 200


def test_the_secret_sent_twice_is_a_matter_of_the_profile(
    portal: Portal, psc_portal: Portal, doctor: Person
) -> None:
    tolerant = {**redemption(psc_portal, doctor), **in_form(psc_portal)}
    assert psc_portal.token_call(tolerant).status_code == 200
    strict = {**redemption(portal, doctor), **in_form(portal)}
    assert portal.token_call(strict).json()["error"] == "invalid_client"


def test_two_secrets_that_differ_are_refused_even_where_two_may_come(
    psc_portal: Portal, doctor: Person
) -> None:
    form = {**redemption(psc_portal, doctor), **in_form(psc_portal, "another")}
    assert psc_portal.token_call(form).json()["error"] == "invalid_client"


def test_the_client_id_alone_beside_the_header_is_fine(portal: Portal, doctor: Person) -> None:
    form = {**redemption(portal, doctor), "client_id": portal.client.client_id}
    assert portal.token_call(form).status_code == 200


def test_another_client_id_beside_the_header_is_refused(portal: Portal, doctor: Person) -> None:
    form = {**redemption(portal, doctor), "client_id": "autre-portail"}
    assert portal.token_call(form).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 5000,
        "Bearer abc",
        "Basic " + base64.b64encode(b"\xff:\xfe").decode(),
        raw_basic("no-colon"),
        raw_basic("portail-test:"),
        raw_basic("portail-test:wrong"),
        raw_basic(f"nobody:{SECRET}"),
        raw_basic(f"portail-test\n:{SECRET}"),
        raw_basic(f"PORTAIL-TEST:{SECRET}"),
    ],
)
@pytest.mark.parametrize("endpoint", ["token", "token/introspect", "revoke"])
def test_bad_credentials_have_one_same_answer(
    portal: Portal, authorization: str, endpoint: str
) -> None:
    form = {"grant_type": "authorization_code", "code": "x", "token": "x"}
    response = portal.call(endpoint, form, HTTP_AUTHORIZATION=authorization)
    assert response.status_code == 401
    assert response.json() == {
        "error": "invalid_client",
        "error_description": "Client authentication failed.",
    }
    assert response["WWW-Authenticate"] == 'Basic realm="hygie"'
    assert AuditRow.objects.latest("id").data["code"] == "invalid_client"


def test_the_audit_names_the_client_that_was_claimed(portal: Portal) -> None:
    portal.call("revoke", {"token": "x"}, HTTP_AUTHORIZATION=basic("nobody"))
    assert AuditRow.objects.latest("id").client_id == "nobody"


def test_a_rotated_secret_is_refused_at_once(portal: Portal, doctor: Person) -> None:
    form = redemption(portal, doctor)
    fresh = rotate_secret(client_id=portal.client.client_id)
    assert portal.token_call(form).status_code == 401
    authorization = basic(portal.client.client_id, fresh)
    assert portal.token_call(form, HTTP_AUTHORIZATION=authorization).status_code == 200


@pytest.mark.parametrize("encoded", [True, False])
def test_a_secret_with_signs_of_its_own_is_read_encoded_or_not(
    portal: Portal, doctor: Person, encoded: bool
) -> None:
    # An address-like secret of a portal that moves here from elsewhere.
    Client.objects.update(secret_digest=secrets.digest("a+b%2Fc"))
    forget_client(portal.client.client_id)
    sent = "a%2Bb%252Fc" if encoded else "a+b%2Fc"
    authorization = raw_basic(f"{portal.client.client_id}:{sent}")
    response = portal.token_call(redemption(portal, doctor), HTTP_AUTHORIZATION=authorization)
    assert response.status_code == 200
