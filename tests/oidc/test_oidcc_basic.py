"""Basic OP and form_post Basic OP: tests by the names of the conformance suite's modules.

Every module runs twice, as both plans ask: answered by redirection, and by a posted form.
"""

import base64
import hashlib
import re
from html import unescape
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import import_key
from joserfc.util import json_b64decode

from idp.directory.models import Person
from idp.login.models import LoginAttempt
from idp.oidc.gateways import keys
from tests.oidc.ciba import later
from tests.oidc.portal import (
    FORM,
    PROTOCOL,
    REDIRECT_URI,
    SECRET,
    Browser,
    Portal,
    issuer,
    parameters_of,
)
from tests.oidc.signing_portal import unsigned
from tests.oidc.test_documents import document

pytestmark = pytest.mark.django_db
FIELD = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


class Op:
    """The suite's client, in one response mode."""

    def __init__(self, portal: Portal, person: Person, mode: str) -> None:
        self.portal, self.person, self.mode = portal, person, mode

    def request(self, path: str = "/auth", /, **changes: str | None) -> Any:
        if self.mode != "query":
            changes = {"response_mode": self.mode, **changes}
        return self.portal.ask(path, **changes)

    def answer(self, response: Any) -> dict[str, str]:
        """What the client is sent, by its mode alone."""
        if self.mode == "query":
            assert response["Location"].startswith(REDIRECT_URI), response["Location"]
            return parameters_of(response)
        page = response.content.decode().partition('id="form-post-form"')[2]
        page = page.partition("</form>")[0]
        assert f'action="{REDIRECT_URI}"' in response.content.decode()
        assert REDIRECT_URI not in response.headers.get("Location", "")
        return {unescape(name): unescape(value) for name, value in FIELD.findall(page)}

    def log_in(self, **changes: str | None) -> dict[str, str]:
        """A login at a login page."""
        return self.answer(self.portal.log_in(self.request(**changes), self.person))

    def silent(self, **changes: str | None) -> dict[str, str]:
        """Answered without a page."""
        return self.answer(self.request(**changes))

    def tokens(self, answer: dict[str, str], **changes: str | None) -> dict[str, Any]:
        response = self.portal.redeem(answer["code"], **changes)
        assert response.status_code == 200, response.content
        tokens: dict[str, Any] = response.json()
        return tokens

    def claims(self, answer: dict[str, str]) -> dict[str, Any]:
        return keys.read(self.tokens(answer)["id_token"], kind="ID")

    def userinfo(self, **changes: str | None) -> dict[str, Any]:
        tokens = self.tokens(self.log_in(**changes))
        told: dict[str, Any] = self.portal.userinfo(tokens["access_token"]).json()
        return told


@pytest.fixture(params=["query", "form_post"])
def op(portal: Portal, doctor: Person, request: pytest.FixtureRequest) -> Op:
    return Op(portal, doctor, request.param)


def header_of(token: str) -> dict[str, Any]:
    header: dict[str, Any] = json_b64decode(token.partition(".")[0].encode())
    return header


def shows_login(response: Any) -> bool:
    return response.status_code == 302 and "/login/" in response["Location"]


def is_error_page(response: Any) -> bool:
    return response.status_code == 400 and "Location" not in response


def test_oidcc_server(op: Op) -> None:
    answer = op.log_in()
    assert set(answer) == {"code", "state", "iss"}
    assert (answer["state"], answer["iss"]) == ("st4te", issuer())
    assert len(answer["code"]) >= 43
    tokens = op.tokens(answer)
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 120)
    claims = keys.read(tokens["id_token"], kind="ID")
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (issuer(), "portail-test", "n0nce")
    assert claims["exp"] > claims["iat"]
    digest = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    # Nothing of the person that was not asked: `scope_all` opens the name and the number.
    assert not {"email", "phone_number", "address", "birthdate"} & set(claims)
    userinfo = op.portal.userinfo(tokens["access_token"])
    assert userinfo.json()["sub"] == claims["sub"]


def test_oidcc_response_type_missing(op: Op) -> None:
    assert op.silent(response_type=None)["error"] == "invalid_request"


def test_oidcc_idtoken_signature(op: Op) -> None:
    token = op.tokens(op.log_in())["id_token"]
    header = header_of(token)
    published = {key["kid"]: key for key in document(f"{PROTOCOL}/certs")["keys"]}
    key = published[header["kid"]]
    assert key["alg"] == header["alg"] == "RS256"
    # By the published key alone, as a portal has nothing else.
    assert jwt.decode(token, import_key(key), ["RS256"]).claims["iss"] == issuer()
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{token[:-8]}AAAAAAAA", import_key(key), ["RS256"])


def test_oidcc_idtoken_unsigned(op: Op) -> None:
    """Not offered, so that nobody can have registered it."""
    assert "none" not in document()["id_token_signing_alg_values_supported"]
    assert header_of(op.tokens(op.log_in())["id_token"])["alg"] != "none"


@pytest.mark.parametrize("way", ["get", "post_header", "post_body"])
def test_oidcc_userinfo(op: Op, way: str) -> None:
    token = op.tokens(op.log_in())["access_token"]
    bearer: dict[str, Any] = {"HTTP_AUTHORIZATION": f"Bearer {token}"}
    response = {
        "get": lambda: Browser().get(f"{PROTOCOL}/userinfo", **bearer),
        "post_header": lambda: Browser().post(f"{PROTOCOL}/userinfo", **bearer),
        "post_body": lambda: Browser().post(
            f"{PROTOCOL}/userinfo",
            f"access_token={token}",
            content_type="application/x-www-form-urlencoded",
        ),
    }[way]()
    assert response.json()["sub"] == str(op.person.pk)


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(op: Op) -> None:
    assert "nonce" not in op.claims(op.log_in(nonce=None))


def test_oidcc_scope_profile(op: Op) -> None:
    told = op.userinfo(scope="openid profile")
    assert {"name", "given_name", "family_name", "preferred_username"} <= set(told)
    assert all(isinstance(told[name], str) for name in ("name", "given_name", "family_name"))


@pytest.mark.parametrize("scope", ["email", "address", "phone"])
def test_oidcc_scope_that_is_not_supported(op: Op, scope: str) -> None:
    """Not listed, ignored, and no claim of it is made up."""
    assert scope not in document()["scopes_supported"]
    assert set(op.userinfo(scope=f"openid {scope}")) == {"sub"}


def test_oidcc_scope_all(op: Op) -> None:
    told = op.userinfo(scope="openid profile email address phone")
    assert told["family_name"] == "Lefèvre"


def test_oidcc_alternate_happy_flow(op: Op) -> None:
    backwards = dict(reversed(op.portal.request.items()))
    answer = op.log_in(**{**backwards, "scope": "profile openid"})
    assert op.claims(answer)["sub"] == str(op.person.pk)


@pytest.mark.parametrize("display", ["page", "popup"])
def test_oidcc_display(op: Op, display: str) -> None:
    assert shows_login(op.request(display=display))


def test_oidcc_prompt_login(op: Op) -> None:
    first = op.claims(op.log_in())
    with later(2):
        assert shows_login(op.request(prompt="login"))
        assert op.claims(op.log_in(prompt="login"))["auth_time"] > first["auth_time"]


def test_oidcc_prompt_none_not_logged_in(op: Op) -> None:
    answer = op.silent(prompt="none")
    assert (answer["error"], answer["iss"]) == ("login_required", issuer())


def test_oidcc_prompt_none_logged_in(op: Op) -> None:
    first, second = op.claims(op.log_in()), op.claims(op.silent(prompt="none"))
    assert (first["sub"], first["auth_time"]) == (second["sub"], second["auth_time"])


def test_oidcc_max_age_1(op: Op) -> None:
    first = op.claims(op.log_in())
    with later(2):
        assert shows_login(op.request(max_age="1"))
        assert op.claims(op.log_in(max_age="1"))["auth_time"] > first["auth_time"]


def test_oidcc_max_age_10000(op: Op) -> None:
    first = op.claims(op.log_in(max_age="15000"))
    with later(2):
        assert op.claims(op.silent(max_age="10000"))["auth_time"] == first["auth_time"]


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(op: Op) -> None:
    assert "code" in op.log_in(extra="foobar")


def test_oidcc_id_token_hint(op: Op) -> None:
    hint = op.tokens(op.log_in())["id_token"]
    again = op.claims(op.silent(prompt="none", id_token_hint=hint))
    assert again["sub"] == str(op.person.pk)


def test_oidcc_login_hint(op: Op) -> None:
    assert shows_login(op.request(login_hint="899900000011"))
    assert LoginAttempt.objects.get().login_policy.login_hint == "899900000011"


def test_oidcc_ui_locales(op: Op) -> None:
    assert "code" in op.log_in(ui_locales="se")


def test_oidcc_claims_locales(op: Op) -> None:
    assert "code" in op.log_in(claims_locales="se")


def test_oidcc_ensure_request_with_acr_values_succeeds(op: Op) -> None:
    assert op.claims(op.log_in(acr_values="eidas1 eidas2"))["acr"] in ("eidas1", "eidas2")


@pytest.mark.parametrize("seconds", [0, 30])
def test_oidcc_codereuse(op: Op, seconds: int) -> None:
    answer = op.log_in()
    tokens = op.tokens(answer)
    with later(seconds):
        again = op.portal.redeem(answer["code"])
        assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
        assert op.portal.userinfo(tokens["access_token"]).status_code == 401


def test_oidcc_ensure_registered_redirect_uri(op: Op) -> None:
    assert is_error_page(op.request(redirect_uri=f"{REDIRECT_URI}/other"))


def test_oidcc_ensure_post_request_succeeds(op: Op) -> None:
    form = {**op.portal.request, "response_mode": op.mode}
    posted = op.portal.browser.post("/auth", urlencode(form), content_type=FORM)
    assert posted.status_code == 303
    followed = op.portal.browser.get(posted["Location"])
    assert "code" in op.answer(op.portal.log_in(followed, op.person))


def test_oidcc_server_client_secret_post(op: Op) -> None:
    form = {
        "grant_type": "authorization_code",
        "code": op.log_in()["code"],
        "redirect_uri": REDIRECT_URI,
        "code_verifier": "v" * 43,
        "client_id": op.portal.client.client_id,
        "client_secret": SECRET,
    }
    assert op.portal.token_call(form, HTTP_AUTHORIZATION="").status_code == 200


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(op: Op) -> None:
    response = op.request(request_uri="https://portail.example/request.jwt")
    assert op.answer(response)["error"] == "request_uri_not_supported"


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(
    op: Op,
) -> None:
    request = unsigned({**op.portal.request, "state": "inside"})
    assert op.silent(request=request)["error"] == "request_not_supported"


def test_oidcc_claims_essential(op: Op) -> None:
    told = op.userinfo(scope="openid", claims='{"userinfo":{"name":{"essential":true}}}')
    assert told["name"]


def test_oidcc_ensure_request_object_with_redirect_uri(op: Op) -> None:
    """An object that cannot be believed leads nowhere but to a registered address."""
    request = unsigned({**op.portal.request, "redirect_uri": f"{REDIRECT_URI}/inside"})
    response = op.request(redirect_uri=f"{REDIRECT_URI}/outside", request=request)
    assert is_error_page(response)


def test_oidcc_refresh_token(op: Op, other_portal: Portal) -> None:
    tokens = op.tokens(op.log_in())
    stranger = other_portal.refresh(tokens["refresh_token"])
    assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_grant")
    turned = op.portal.refresh(tokens["refresh_token"]).json()
    assert turned["access_token"] != tokens["access_token"]
    assert re.fullmatch(r"[\x20-\x7e]+", turned["refresh_token"])


def test_oidcc_ensure_request_with_valid_pkce_succeeds(op: Op) -> None:
    code = op.log_in()["code"]
    assert op.portal.redeem(code, code_verifier="w" * 43).json()["error"] == "invalid_grant"
    assert op.portal.redeem(code).status_code == 200


def test_oidcc_discovery_endpoint_verification(db: None) -> None:
    """Config OP."""
    response = Browser().get(f"{urlsplit(issuer()).path}/.well-known/openid-configuration")
    assert response["Content-Type"] == "application/json"
    told = response.json()
    assert told["issuer"] == issuer()
    endpoints = {name for name in told if name.endswith(("_endpoint", "_uri"))}
    assert {
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "jwks_uri",
    } <= endpoints
    for name in endpoints:
        # One origin: https outside the sandbox, as the settings demand of the base address.
        assert told[name].startswith(f"{issuer().partition('/auth/')[0]}/"), name
    assert told["response_types_supported"] == ["code"]
    assert "RS256" in told["id_token_signing_alg_values_supported"]
    assert "openid" in told["scopes_supported"]
    assert told["subject_types_supported"]
    assert told["claims_supported"]
    for flag in ("claims", "request", "request_uri"):
        assert isinstance(told[f"{flag}_parameter_supported"], bool)
    assert "RS256" in told["request_object_signing_alg_values_supported"]
    assert isinstance(told["code_challenge_methods_supported"], list)
    assert told["ui_locales_supported"] == ["fr", "en"]
