"""What a portal signs may hold strings that no database keeps: refused, never a fault of ours."""

from typing import Any

import pytest

from idp.core import clock
from idp.directory.models import Person
from idp.oidc.rules.ciba_request import CIBA_GRANT
from idp.oidc.rules.profiles import ProfileName
from tests.oidc.ciba import register
from tests.oidc.signing_portal import KEYS, PAR, SigningPortal, dpop_proof, signed, signing_portal

pytestmark = pytest.mark.django_db
# A NUL, and half of a surrogate pair: json.dumps escapes both.
UNKEPT = ("a\0b", "a\ud800b")


@pytest.fixture
def standard(db: None) -> SigningPortal:
    portal = signing_portal("portail-cles", profile=ProfileName.STANDARD)
    register(portal.client, grant_types=[*portal.client.grant_types, CIBA_GRANT])
    return portal


@pytest.mark.parametrize("text", UNKEPT)
@pytest.mark.parametrize("name", ["jti", "sub", "iss", "extra"])
def test_in_an_assertion(standard: SigningPortal, name: str, text: str) -> None:
    changes: dict[str, Any] = {"iss": text, "sub": text} if name == "sub" else {name: text}
    sent = standard.authenticated(standard.assertion(**changes))
    for endpoint in ("token", "token/introspect", "revoke", PAR, "ext/ciba/auth"):
        response = standard.send(endpoint, {**sent, "token": "x", "client_id": None}, dpop="")
        assert response.status_code in (400, 401), (endpoint, response.content)
        assert response.json()["error"] in ("invalid_client", "invalid_request"), endpoint


@pytest.mark.parametrize("text", UNKEPT)
def test_in_a_header(standard: SigningPortal, text: str) -> None:
    key = KEYS["ES256"]
    header = {"alg": "ES256", "kid": text}
    assertion = signed(header, {"sub": standard.client.client_id}, key)
    response = standard.send(
        "token/introspect", {**standard.authenticated(assertion), "token": "x"}, dpop=""
    )
    assert response.status_code == 401


OBJECT_MEMBERS = ("state", "nonce", "login_hint", "ui_locales", "acr_values", "id_token_hint")


@pytest.mark.parametrize("text", UNKEPT)
@pytest.mark.parametrize("name", OBJECT_MEMBERS)
def test_in_a_request_object(standard: SigningPortal, name: str, text: str) -> None:
    signed_object = standard.request_object(**{name: text})
    pushed = standard.send(PAR, {"request": signed_object}, dpop="")
    assert (pushed.status_code, pushed.json()["error"]) == (400, "invalid_request_object")
    shown = standard.ask(request=signed_object)
    assert shown.status_code == 302
    assert "error=invalid_request_object" in shown["Location"]


@pytest.mark.parametrize("text", UNKEPT)
@pytest.mark.parametrize("name", ["jti", "acr_values", "channel", "binding_message", "login_hint"])
def test_in_a_signed_backchannel_request(
    standard: SigningPortal, doctor: Person, name: str, text: str
) -> None:
    asked = {"scope": "openid", "login_hint": doctor.national_id, "jti": "one"}
    now = int(clock.now().timestamp())
    request = standard.assertion(sub=None, nbf=now, **{**asked, name: text})
    response = standard.send("ext/ciba/auth", {"request": request}, dpop="")
    assert (response.status_code, response.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("text", UNKEPT)
@pytest.mark.parametrize("name", ["jti", "nonce", "ath", "htu"])
def test_in_a_dpop_proof(standard: SigningPortal, name: str, text: str) -> None:
    proof = dpop_proof("token", **{name: text})
    response = standard.send("token", {"grant_type": "client_credentials"}, dpop=proof)
    assert (response.status_code, response.json()["error"]) == (400, "invalid_dpop_proof")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_an_end_that_is_no_number_is_no_end(standard: SigningPortal, number: float) -> None:
    pushed = standard.send(PAR, {"request": standard.request_object(exp=number)}, dpop="")
    assert pushed.json()["error"] == "invalid_request_object"
