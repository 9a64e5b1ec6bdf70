"""RP-initiated logout: whose session ends, who is asked first, and where the browser goes."""

from typing import Any
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from idp.audit.models import AuditRow
from idp.directory.models import Person
from idp.login.models import SsoSession
from idp.oidc.flows.clients import ensure_client
from idp.oidc.gateways import keys
from tests.oidc.odd_tokens import unencoded_payload, zipped
from tests.oidc.portal import FORM, LOGGED_OUT_URI, PROTOCOL, REDIRECT_URI, SECRET, Browser, Portal

pytestmark = pytest.mark.django_db
ADDRESS = f"{PROTOCOL}/logout"


def get(browser: Browser, **parameters: str) -> Any:
    return browser.get(f"{ADDRESS}?{urlencode(parameters)}")


def is_logged_in(portal: Portal) -> bool:
    return "code=" in portal.ask(prompt="none")["Location"]


def assert_confirmation(response: Any) -> None:
    assert response.status_code == 200
    assert 'id="confirm-logout"' in response.content.decode()


def assert_logged_out_page(response: Any) -> None:
    assert response.status_code == 200
    assert 'id="logged-out"' in response.content.decode()


def test_a_hint_ends_the_session_and_leads_back_with_state(portal: Portal, doctor: Person) -> None:
    tokens = portal.tokens(doctor)
    response = get(
        portal.browser,
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri=LOGGED_OUT_URI,
        state="b y&e",
    )
    assert (response.status_code, response["Location"]) == (303, f"{LOGGED_OUT_URI}?state=b+y%26e")
    assert not is_logged_in(portal)
    assert portal.userinfo(tokens["access_token"]).status_code == 401
    assert portal.introspect(tokens["access_token"]) == {"active": False}
    assert portal.refresh(tokens["refresh_token"]).json()["error"] == "invalid_grant"
    row = AuditRow.objects.get(event="session_ended")
    assert (row.client_id, row.subject) == (portal.client.client_id, doctor.national_id)


def test_without_state_none_comes_back(portal: Portal, doctor: Person) -> None:
    hint = portal.tokens(doctor)["id_token"]
    response = get(portal.browser, id_token_hint=hint, post_logout_redirect_uri=LOGGED_OUT_URI)
    assert response["Location"] == LOGGED_OUT_URI


def test_the_portals_server_ends_the_session_without_a_cookie(
    portal: Portal, doctor: Person
) -> None:
    hint = portal.tokens(doctor)["id_token"]
    response = get(Browser(), id_token_hint=hint)
    assert_logged_out_page(response)
    assert not is_logged_in(portal)


def test_a_hint_by_post_needs_no_cookie_either(portal: Portal, doctor: Person) -> None:
    hint = portal.tokens(doctor)["id_token"]
    response = Browser(enforce_csrf_checks=True).post(
        ADDRESS,
        urlencode({"id_token_hint": hint, "post_logout_redirect_uri": LOGGED_OUT_URI}),
        content_type=FORM,
    )
    assert response["Location"] == LOGGED_OUT_URI
    assert not is_logged_in(portal)


def test_a_hint_past_its_time_is_accepted(portal: Portal, doctor: Person) -> None:
    claims = keys.read(portal.tokens(doctor)["id_token"], kind="ID")
    old = keys.sign({**claims, "exp": claims["exp"] - 7200}, alg="RS256")
    get(portal.browser, id_token_hint=old)
    assert not is_logged_in(portal)


@pytest.mark.parametrize(
    "address",
    [
        f"{LOGGED_OUT_URI}?foo=bar",
        f"{LOGGED_OUT_URI}/",
        REDIRECT_URI,
        "https://evil.example/",
        "https://portail.example@evil.example/logged-out",
        "javascript:alert(1)",
    ],
)
def test_an_address_that_is_not_registered_leads_nowhere(
    portal: Portal, doctor: Person, address: str
) -> None:
    hint = portal.tokens(doctor)["id_token"]
    response = get(portal.browser, id_token_hint=hint, post_logout_redirect_uri=address)
    assert_logged_out_page(response)
    # Where the page itself would lead; the language form repeats the request, encoded.
    html = response.content.decode()
    assert "//evil.example" not in html
    assert "@evil.example" not in html


def test_nothing_but_the_visit_asks_the_person_first(portal: Portal, doctor: Person) -> None:
    portal.code(doctor)
    for parameters in ({}, {"state": "only"}):
        assert_confirmation(get(portal.browser, **parameters))
        assert is_logged_in(portal)
    page = get(portal.browser)
    assert "Dr Camille Lefèvre" in page.content.decode()
    confirmed = portal.browser.post(f"{ADDRESS}/confirm", "confirm=yes", content_type=FORM)
    assert_logged_out_page(confirmed)
    assert not is_logged_in(portal)


def test_the_confirmation_is_our_own_pages_only(portal: Portal, doctor: Person) -> None:
    strict = Browser(enforce_csrf_checks=True)
    strict.cookies = portal.browser.cookies
    portal.code(doctor)
    assert strict.post(f"{ADDRESS}/confirm", "confirm=yes", content_type=FORM).status_code == 403
    assert is_logged_in(portal)


def test_an_address_without_a_hint_is_followed_after_the_confirmation_only(
    portal: Portal, doctor: Person
) -> None:
    portal.code(doctor)
    asked = {
        "client_id": portal.client.client_id,
        "post_logout_redirect_uri": LOGGED_OUT_URI,
        "state": "s",
    }
    page = get(portal.browser, **asked)
    assert_confirmation(page)
    assert "https://portail.example" in page["Content-Security-Policy"]
    confirmed = portal.browser.post(f"{ADDRESS}/confirm", urlencode(asked), content_type=FORM)
    assert (confirmed.status_code, confirmed["Location"]) == (303, f"{LOGGED_OUT_URI}?state=s")


def test_the_confirmation_leads_to_registered_addresses_only(
    portal: Portal, doctor: Person
) -> None:
    portal.code(doctor)
    asked = {
        "client_id": portal.client.client_id,
        "post_logout_redirect_uri": "https://evil.example/",
    }
    page = get(portal.browser, **asked)
    assert "//evil.example" not in page.content.decode() + page["Content-Security-Policy"]
    confirmed = portal.browser.post(f"{ADDRESS}/confirm", urlencode(asked), content_type=FORM)
    assert_logged_out_page(confirmed)


def test_an_address_without_a_hint_nor_a_session_leads_nowhere(portal: Portal) -> None:
    response = get(
        Browser(), client_id=portal.client.client_id, post_logout_redirect_uri=LOGGED_OUT_URI
    )
    assert_logged_out_page(response)


def bad_hints(portal: Portal, doctor: Person) -> list[str]:
    tokens = portal.tokens(doctor)
    claims = keys.read(tokens["id_token"], kind="ID")
    kid, own_key = keys.ring().signing["RS256"]
    header, payload, _signature = tokens["id_token"].split(".")
    return [
        jwt.encode({"alg": "RS256", "kid": kid}, claims, RSAKey.generate_key(2048)),
        f"eyJhbGciOiJub25lIn0.{payload}.",
        f"{header}.{payload}.",
        keys.sign({**claims, "iss": "https://other.example"}, alg="RS256"),
        tokens["access_token"],
        "nonsense",
        *unencoded_payload(claims, alg="RS256", kid=kid, key=own_key),
        zipped(tokens["id_token"]),
    ]


def test_a_hint_that_is_not_ours_ends_nothing_and_leads_nowhere(
    portal: Portal, doctor: Person
) -> None:
    for hint in bad_hints(portal, doctor):
        asked = {"id_token_hint": hint, "post_logout_redirect_uri": LOGGED_OUT_URI}
        assert_confirmation(get(portal.browser, **asked))
        assert_logged_out_page(get(Browser(), **asked))
        assert is_logged_in(portal)


def test_a_hint_of_another_client_is_none(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    hint = other_portal.tokens(doctor)["id_token"]
    asked = {
        "id_token_hint": hint,
        "client_id": portal.client.client_id,
        "post_logout_redirect_uri": LOGGED_OUT_URI,
    }
    assert_confirmation(get(other_portal.browser, **asked))
    assert is_logged_in(other_portal)


def test_a_hint_of_one_person_does_not_end_anothers_session(
    portal: Portal, other_portal: Portal, doctor: Person, midwife: Person
) -> None:
    stolen = other_portal.tokens(midwife)["id_token"]
    portal.code(doctor)
    get(portal.browser, id_token_hint=stolen)
    assert is_logged_in(portal)
    assert not is_logged_in(other_portal)


def test_an_old_hint_of_the_same_person_ends_the_session_of_this_browser(
    portal: Portal, doctor: Person
) -> None:
    old = portal.tokens(doctor)["id_token"]
    portal.browser = Browser()
    portal.code(doctor)
    get(portal.browser, id_token_hint=old)
    assert not is_logged_in(portal)
    assert SsoSession.objects.filter(ended_at__isnull=True).count() == 0


def test_a_posted_logout_without_hint_comes_back_as_get_with_its_cookies(
    portal: Portal, doctor: Person
) -> None:
    portal.code(doctor)
    posted = portal.browser.post(ADDRESS, "state=s", content_type=FORM)
    assert posted.status_code == 303
    assert_confirmation(portal.browser.get(posted["Location"]))


def test_an_address_that_a_portal_forgot_to_encode_is_understood(
    portal: Portal, doctor: Person
) -> None:
    address = "https://portail.example/out?a=1&b=2"
    ensure_client(
        client_id=portal.client.client_id,
        name="P",
        secret=SECRET,
        redirect_uris=(REDIRECT_URI,),
        post_logout_redirect_uris=(address,),
    )
    hint = portal.tokens(doctor)["id_token"]
    plain = f"{ADDRESS}?id_token_hint={hint}&post_logout_redirect_uri={address}"
    assert portal.browser.get(plain)["Location"] == address
    with_state = portal.browser.get(f"{plain}&state=s")["Location"]
    assert with_state == f"{address}&state=s"


@pytest.mark.parametrize("query", ["state=%00", "state=%FF", "state=" + "s" * 65_536])
def test_a_malformed_logout_is_a_page(query: str) -> None:
    assert Browser().get(f"{ADDRESS}?{query}").status_code == 400
