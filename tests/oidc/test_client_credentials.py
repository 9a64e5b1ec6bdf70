"""grant_type=client_credentials: a token of the portal's own, which opens nothing of a person."""

from datetime import timedelta
from typing import Any

import pytest

from idp.core import clock
from idp.oidc.flows.clients import set_enabled
from idp.oidc.gateways import keys
from idp.oidc.gateways.client_cache import forget_client
from idp.oidc.models import Client, Grant
from tests.oidc.portal import Portal
from tests.oidc.signing_portal import PROOF_KEY, signing_portal
from tests.oidc.test_statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def service(portal: Portal) -> Portal:
    """A portal that registered the grant."""
    Client.objects.filter(pk=portal.client.pk).update(
        grant_types=["authorization_code", "refresh_token", "client_credentials"]
    )
    forget_client(portal.client.client_id)
    return portal


def own_token(portal: Portal, **more: str) -> Any:
    return portal.token_call({"grant_type": "client_credentials", **more})


def test_the_token_names_the_client_and_no_person(service: Portal) -> None:
    answer = own_token(service, scope="scope_all openid unheard_of").json()
    assert set(answer) == {"access_token", "expires_in", "token_type", "not-before-policy", "scope"}
    assert (answer["expires_in"], answer["scope"]) == (120, "scope_all")
    claims = keys.read(answer["access_token"], kind="Bearer")
    assert set(claims) == {"exp", "iat", "jti", "iss", "sub", "typ", "azp", "scope"}
    assert claims["sub"] == claims["azp"] == "portail-test"
    assert not Grant.objects.exists()


def test_no_scope_is_fine_and_unknown_scopes_alone_are_not(service: Portal) -> None:
    assert own_token(service).json()["scope"] == ""
    response = own_token(service, scope="unheard_of")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_scope")
    assert own_token(service, scope="openid").json()["error"] == "invalid_scope"


def test_a_client_that_did_not_register_the_grant_is_refused(portal: Portal) -> None:
    response = own_token(portal)
    assert (response.status_code, response.json()["error"]) == (400, "unauthorized_client")


def test_a_client_of_this_grant_alone_gets_no_code_redeemed() -> None:
    service = signing_portal("service", grant_types=("client_credentials",), redirect_uris=())
    service.with_nonce()
    answer = service.send("token", {"grant_type": "authorization_code", "code": "x"})
    assert answer.json()["error"] == "unauthorized_client"
    # Nor is anybody sent to log in for it.
    assert service.ask().status_code == 400


def test_userinfo_refuses_it_for_want_of_a_person(service: Portal) -> None:
    response = service.userinfo(own_token(service, scope="scope_all").json()["access_token"])
    assert (response.status_code, response.json()["error"]) == (403, "insufficient_scope")
    assert 'error="insufficient_scope"' in response["WWW-Authenticate"]


def test_it_is_introspected_by_its_client_alone(service: Portal, other_portal: Portal) -> None:
    token = own_token(service, scope="scope_all").json()["access_token"]
    told = service.introspect(token)
    assert (told["active"], told["client_id"]) == (True, "portail-test")
    assert not {"username", "SubjectNameID", "preferred_username"} & set(told)
    assert other_portal.introspect(token) == {"active": False}
    assert statements(lambda: service.call("token/introspect", {"token": token})) == 1


def test_it_is_revoked_by_its_client_alone(service: Portal, other_portal: Portal) -> None:
    token = own_token(service).json()["access_token"]
    refused = other_portal.call("revoke", {"token": token})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert service.introspect(token)["active"] is True
    for _again in range(2):
        assert service.call("revoke", {"token": token}).status_code == 200
        assert service.introspect(token) == {"active": False}


def test_it_dies_with_its_client_and_its_time(service: Portal, other_portal: Portal) -> None:
    other_portal.client.introspects = ["portail-test"]
    other_portal.client.save()
    forget_client("autre-portail")
    token = own_token(service).json()["access_token"]
    with clock.frozen(clock.now() + timedelta(seconds=121)):
        assert service.introspect(token) == {"active": False}
    assert other_portal.introspect(token)["active"] is True
    set_enabled(client_id="portail-test", is_enabled=False)
    assert other_portal.introspect(token) == {"active": False}


def test_it_is_bound_as_other_tokens_are() -> None:
    service = signing_portal()
    service.with_nonce()
    form: dict[str, str | None] = {"grant_type": "client_credentials"}
    assert service.send("token", form, dpop="").json()["error"] == "invalid_dpop_proof"
    answer = service.send("token", form).json()
    assert answer["token_type"] == "DPoP"
    claims = keys.read(answer["access_token"], kind="Bearer")
    assert claims["cnf"] == {"jkt": PROOF_KEY.thumbprint()}
    assert service.resource(answer["access_token"]).status_code == 403


def test_it_is_no_refresh_token_and_no_hint(service: Portal) -> None:
    token = own_token(service).json()["access_token"]
    assert service.refresh(token).json()["error"] == "invalid_grant"
