"""What is refused at the authorization endpoint, where, and that every refusal is audited."""

from urllib.parse import urlencode

import pytest

from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.oidc.flows.clients import ensure_client, set_enabled
from idp.oidc.models import Grant
from tests.oidc.portal import REDIRECT_URI, SECRET, Browser, Portal, issuer, parameters_of

pytestmark = pytest.mark.django_db

# One registered address, and what a parser may be tricked into taking for it.
LOOKALIKES = [
    "https://portail.example/callback/",
    "https://portail.example/callback?added=1",
    "https://portail.example/callback#fragment",
    "https://portail.example/Callback",
    "HTTPS://portail.example/callback",
    "https://PORTAIL.example/callback",
    "https://portail.example./callback",
    "https://portail.example:443/callback",
    "https://portail.example/callback/../callback",
    "https://portail.example/x/..;/callback",
    "https://portail.example/%63allback",
    "https://portail.example/callback%00",
    "https://portail.example/callback\t",
    " https://portail.example/callback",
    "https://portail.example.evil.example/callback",
    "https://portail.example@evil.example/callback",
    "https://evil.example\\@portail.example/callback",
    "https://user@portail.example/callback",
    "http://portail.example/callback",
    "http://127.0.0.1/callback",
    "http://localhost/callback",
    "//portail.example/callback",
    "javascript:alert(1)//portail.example/callback",
    "data:text/html,https://portail.example/callback",
    "",
]


def assert_shown(response: object, code: str) -> None:
    """A page with a reference that the audit log knows, and no redirect."""
    assert response.status_code == 400  # type: ignore[attr-defined]
    assert "Location" not in response.headers  # type: ignore[attr-defined]
    row = AuditRow.objects.latest("id")
    assert (row.event, row.outcome, row.data["code"]) == ("authorize", "refused", code)
    assert row.reference in response.content.decode()  # type: ignore[attr-defined]


@pytest.mark.parametrize("redirect_uri", LOOKALIKES)
def test_an_address_that_is_not_registered_to_the_character_is_a_page(
    portal: Portal, redirect_uri: str
) -> None:
    assert_shown(portal.ask(redirect_uri=redirect_uri), "unknown_redirect_uri")


def test_an_address_with_a_nul_is_a_page(portal: Portal) -> None:
    assert_shown(portal.ask(redirect_uri=f"{REDIRECT_URI}\0"), "malformed")


def test_no_address_at_all_is_a_page(portal: Portal) -> None:
    assert_shown(portal.ask(redirect_uri=None), "unknown_redirect_uri")


def test_an_address_sent_twice_is_a_page(portal: Portal) -> None:
    query = f"{urlencode(portal.request)}&redirect_uri=https%3A%2F%2Fevil.example%2F"
    assert_shown(portal.browser.get(f"/auth?{query}"), "unknown_redirect_uri")


@pytest.mark.parametrize("client_id", ["nobody", None, "", "x" * 5000])
def test_an_unknown_client_is_a_page(portal: Portal, client_id: str | None) -> None:
    assert_shown(portal.ask(client_id=client_id), "unknown_client")


def test_a_client_sent_twice_is_a_page(portal: Portal) -> None:
    query = urlencode([*portal.request.items(), ("client_id", portal.client.client_id)])
    assert_shown(portal.browser.get(f"/auth?{query}"), "unknown_client")


def test_a_disabled_client_is_a_page(portal: Portal) -> None:
    set_enabled(client_id=portal.client.client_id, is_enabled=False)
    assert_shown(portal.ask(), "unknown_client")


@pytest.mark.parametrize(
    "query",
    ["state=%FF%FE", "state=%00", "state=" + "s" * 65_536, "&".join(f"p{n}=" for n in range(100))],
)
def test_malformed_parameters_are_a_page(portal: Portal, query: str) -> None:
    assert_shown(portal.browser.get(f"/auth?{urlencode(portal.request)}&{query}"), "malformed")


def test_arrays_are_no_parameters(portal: Portal) -> None:
    request = portal.request
    request["client_id[]"] = request.pop("client_id")
    assert_shown(portal.browser.get(f"/auth?{urlencode(request)}"), "unknown_client")


REDIRECTED = [
    ({"response_type": None}, "invalid_request"),
    ({"response_type": "token"}, "unsupported_response_type"),
    ({"response_type": "code id_token"}, "unsupported_response_type"),
    ({"response_type": "none"}, "unsupported_response_type"),
    ({"response_mode": "fragment"}, "invalid_request"),
    ({"response_mode": "jwt"}, "invalid_request"),
    ({"request": "e30.e30."}, "request_not_supported"),
    ({"request_uri": "https://portail.example/request"}, "request_uri_not_supported"),
    ({"registration": "{}"}, "registration_not_supported"),
    ({"scope": None}, "invalid_scope"),
    ({"scope": "scope_all"}, "invalid_scope"),
    ({"scope": "openid "}, None),
    ({"prompt": "none login"}, "invalid_request"),
    ({"prompt": "create"}, "invalid_request"),
    ({"prompt": "none"}, "login_required"),
    ({"max_age": "-1"}, "invalid_request"),
    ({"max_age": "soon"}, "invalid_request"),
    ({"max_age": "9" * 30}, "invalid_request"),
    ({"code_challenge": None}, "invalid_request"),
    ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "plain"}, "invalid_request"),
    ({"code_challenge_method": None}, "invalid_request"),
    ({"code_challenge_method": "S512"}, "invalid_request"),
    ({"code_challenge": "short"}, "invalid_request"),
    ({"code_challenge": "c" * 129}, "invalid_request"),
    ({"nonce": "n" * 1025}, "invalid_request"),
    ({"login_hint": "8" * 201}, "invalid_request"),
    ({"claims": "{"}, "invalid_request"),
    ({"claims": "[]"}, "invalid_request"),
    ({"claims": '{"userinfo":[1]}'}, "invalid_request"),
    ({"claims": "[" * 5000}, "invalid_request"),
    ({"id_token_hint": "e30.e30.e30"}, "invalid_request"),
    ({"acr_values": "eidas3"}, "unmet_authentication_requirements"),
]


@pytest.mark.parametrize(("changes", "error"), REDIRECTED)
def test_what_the_portal_must_learn_is_redirected_to_it(
    portal: Portal, changes: dict[str, str | None], error: str | None
) -> None:
    response = portal.ask(**changes)
    assert response.status_code == 302
    if error is None:
        assert "/login/" in response["Location"]
        return
    answer = parameters_of(response)
    assert (answer["error"], answer["state"], answer["iss"]) == (error, "st4te", issuer())
    # RFC 6749 §4.1.2.1: %x20-21 / %x23-5B / %x5D-7E.
    description = answer["error_description"]
    assert all(" " <= sign <= "~" and sign not in '"\\' for sign in description)
    row = AuditRow.objects.latest("id")
    assert (row.event, row.outcome, row.data["code"]) == ("authorize", "refused", error)


@pytest.mark.parametrize("name", ["state", "scope", "nonce", "prompt", "claims", "max_age"])
def test_a_repeated_parameter_is_refused(portal: Portal, name: str) -> None:
    query = urlencode([*portal.request.items(), (name, "1"), (name, "2")])
    answer = parameters_of(portal.browser.get(f"/auth?{query}"))
    assert answer["error"] == "invalid_request"


def test_a_repetition_between_query_and_body_is_refused(portal: Portal) -> None:
    posted = portal.browser.post(
        f"/auth?{urlencode(portal.request)}",
        "state=other",
        content_type="application/x-www-form-urlencoded",
    )
    assert posted.status_code == 303
    assert parameters_of(portal.browser.get(posted["Location"]))["error"] == "invalid_request"


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain"])
def test_a_body_that_is_no_form_is_a_page(portal: Portal, content_type: str) -> None:
    assert_shown(portal.browser.post("/auth", b"{}", content_type=content_type), "malformed")


def test_a_mistaken_client_never_gets_a_code(portal: Portal, doctor: Person) -> None:
    portal.code(doctor)
    portal.ask(redirect_uri="https://evil.example/")
    portal.ask(response_type="token")
    assert Grant.objects.count() == 1


def test_an_unusual_method_is_refused(portal: Portal) -> None:
    assert Browser().put("/auth").status_code == 405


def test_the_authorization_endpoint_gives_no_cors(portal: Portal) -> None:
    response = portal.browser.get(
        f"/auth?{urlencode(portal.request)}", HTTP_ORIGIN="https://evil.example"
    )
    assert "Access-Control-Allow-Origin" not in response.headers


def test_a_login_page_is_not_framed_and_says_nothing_to_the_next_site(portal: Portal) -> None:
    page = portal.browser.get(portal.ask()["Location"])
    assert "frame-ancestors 'none'" in page["Content-Security-Policy"]
    assert page["Referrer-Policy"] in ("no-referrer", "same-origin")
    assert REDIRECT_URI.removesuffix("/callback") in page["Content-Security-Policy"]


def test_an_address_with_a_query_keeps_it(portal: Portal, doctor: Person) -> None:
    address = "https://portail.example/?something=1&b=%2F"
    ensure_client(
        client_id=portal.client.client_id, name="P", secret=SECRET, redirect_uris=(address,)
    )
    response = portal.log_in(portal.ask(redirect_uri=address), doctor)
    assert response["Location"].startswith(f"{address}&code=")
