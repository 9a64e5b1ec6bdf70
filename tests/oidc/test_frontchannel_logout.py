"""Front-channel logout: the last page loads each portal's own logout, then goes on."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.login.models import SsoSession
from idp.oidc.gateways import client_cache
from idp.oidc.models import Client
from idp.oidc.rules.client_choices import LogoutMetadata
from tests.oidc.portal import FORM, LOGGED_OUT_URI, PROTOCOL, Browser, Portal, issuer

pytestmark = pytest.mark.django_db
ADDRESS = f"{PROTOCOL}/logout"
FRAME = "https://portail.example/frame?app=1"


def listens(portal: Portal, uri: str = FRAME, *, is_told: bool = True) -> None:
    Client.objects.filter(pk=portal.client.pk).update(
        frontchannel_logout_uri=uri, frontchannel_logout_session_required=is_told
    )
    client_cache._held.clear()


def log_out(portal: Portal, id_token: str, **parameters: str) -> Any:
    return portal.browser.get(f"{ADDRESS}?{urlencode({'id_token_hint': id_token, **parameters})}")


def frames(response: Any) -> list[str]:
    return [unescape(src) for src in re.findall(r'<iframe[^>]* src="([^"]+)"', response.text)]


def test_oidcc_frontchannel_logout_discovery_endpoint_verification(db: None) -> None:
    told = Browser().get("/auth/realms/esante-wallet/.well-known/openid-configuration").json()
    assert told["frontchannel_logout_supported"] is True
    assert told["frontchannel_logout_session_supported"] is True
    assert told["end_session_endpoint"]


def test_oidcc_frontchannel_rp_initiated_logout(portal: Portal, doctor: Person) -> None:
    listens(portal)
    tokens = portal.tokens(doctor)
    session = SsoSession.objects.get()
    response = log_out(
        portal, tokens["id_token"], post_logout_redirect_uri=LOGGED_OUT_URI, state="s"
    )
    assert response.status_code == 200
    (frame,) = frames(response)
    assert frame.startswith(f"{FRAME}&")
    told = parse_qs(urlsplit(frame).query)
    assert told == {"app": ["1"], "iss": [issuer()], "sid": [str(session.pk)]}
    # Then the browser goes on: by script, by a visible link, or by itself after a while.
    assert "oidc/logged_out" in response.text
    assert f'href="{LOGGED_OUT_URI}?state=s"' in response.text
    assert f'content="5;url={LOGGED_OUT_URI}?state=s"' in response.text
    assert "login_required" in portal.ask(prompt="none")["Location"]


def test_frames_of_those_portals_only_are_allowed(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    listens(portal)
    listens(other_portal, "https://autre.example:8443/bye", is_told=False)
    other_portal.browser = portal.browser
    id_token = portal.tokens(doctor)["id_token"]
    other_portal.tokens(doctor)
    response = log_out(portal, id_token)
    assert "https://autre.example:8443/bye" in frames(response)
    policy = dict(
        directive.strip().split(" ", 1)
        for directive in response["Content-Security-Policy"].split(";")
        if " " in directive.strip()
    )
    assert policy["frame-src"] == "https://autre.example:8443 https://portail.example"
    assert policy["frame-ancestors"] == "'none'"


def test_without_an_address_to_go_to_the_page_stays(portal: Portal, doctor: Person) -> None:
    listens(portal)
    response = log_out(portal, portal.tokens(doctor)["id_token"])
    assert len(frames(response)) == 1
    assert "oidc/logged_out" not in response.text
    assert 'id="logged-out"' in response.text


def test_without_frames_the_browser_is_sent_on_at_once(portal: Portal, doctor: Person) -> None:
    response = log_out(
        portal, portal.tokens(doctor)["id_token"], post_logout_redirect_uri=LOGGED_OUT_URI
    )
    assert (response.status_code, response["Location"]) == (303, LOGGED_OUT_URI)


def test_a_second_logout_loads_nothing(portal: Portal, doctor: Person) -> None:
    listens(portal)
    id_token = portal.tokens(doctor)["id_token"]
    log_out(portal, id_token)
    assert frames(log_out(portal, id_token)) == []


def test_the_confirmation_loads_them_too(portal: Portal, doctor: Person) -> None:
    listens(portal)
    portal.tokens(doctor)
    page = portal.browser.post(f"{ADDRESS}/confirm", "confirm=yes", content_type=FORM)
    assert len(frames(page)) == 1


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/frame",
        "https://portail.example:444/frame",
        "http://portail.example/frame",
        "javascript:alert(1)",
        "https://portail.example/frame#x",
    ],
)
def test_a_frame_is_of_the_portals_own_origin(uri: str) -> None:
    # Front-Channel Logout §2: scheme, host and port of a registered redirect_uri.
    metadata = LogoutMetadata(frontchannel_logout_uri=uri)
    with pytest.raises(IdpError, match=r"frontchannel|address"):
        metadata.check(redirect_uris=("https://portail.example/callback",))
