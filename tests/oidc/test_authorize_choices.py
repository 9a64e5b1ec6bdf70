"""When the person is asked again, and when the open session answers."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import translation
from joserfc import jwt

from idp.core import clock
from idp.directory.models import Person
from idp.login.models import LoginAttempt, SsoSession
from idp.login.rules.levels import Level
from idp.oidc.gateways import keys
from tests.oidc.portal import PROTOCOL, Portal, issuer, parameters_of

pytestmark = pytest.mark.django_db


def asks_for_login(response: Any) -> bool:
    return "/login/" in response["Location"]


def claims_of(portal: Portal, response: Any) -> dict[str, Any]:
    tokens = portal.redeem(parameters_of(response)["code"]).json()
    return jwt.decode(tokens["id_token"], keys.ring().verifying, algorithms=["RS256"]).claims


@pytest.mark.parametrize("prompt", ["login", "select_account", "consent", "login consent"])
def test_a_prompt_shows_the_login_page_again(portal: Portal, doctor: Person, prompt: str) -> None:
    portal.code(doctor)
    assert asks_for_login(portal.ask(prompt=prompt))


def test_prompt_none_is_answered_in_silence_by_an_open_session(
    portal: Portal, doctor: Person
) -> None:
    first = claims_of(portal, portal.log_in(portal.ask(), doctor))
    second = claims_of(portal, portal.ask(prompt="none"))
    assert (first["sub"], first["auth_time"]) == (second["sub"], second["auth_time"])


def test_a_login_asked_again_is_a_later_one(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        first = claims_of(portal, portal.log_in(portal.ask(), doctor))
    with clock.frozen(start + timedelta(seconds=5)):
        second = claims_of(portal, portal.log_in(portal.ask(prompt="login"), doctor))
    assert second["auth_time"] == first["auth_time"] + 5
    assert second["sid"] == first["sid"]


def test_max_age_is_the_age_of_the_login(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        portal.code(doctor)
    with clock.frozen(start + timedelta(seconds=2)):
        assert asks_for_login(portal.ask(max_age="1"))
        assert parameters_of(portal.ask(max_age="1", prompt="none"))["error"] == "login_required"
        assert not asks_for_login(portal.ask(max_age="10000"))
        assert asks_for_login(portal.ask(max_age="0"))


def test_a_session_idle_for_half_an_hour_is_over(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        portal.code(doctor)
    with clock.frozen(start + timedelta(minutes=31)):
        assert asks_for_login(portal.ask())


def test_a_session_in_use_lives_four_hours_and_no_more(portal: Portal, doctor: Person) -> None:
    start = clock.now()
    with clock.frozen(start):
        portal.code(doctor)
    for minutes in range(20, 240, 20):
        with clock.frozen(start + timedelta(minutes=minutes)):
            assert not asks_for_login(portal.ask())
    with clock.frozen(start + timedelta(minutes=240)):
        assert asks_for_login(portal.ask())


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        (None, "eidas2"),
        ("eidas1", "eidas1"),
        ("eidas2", "eidas2"),
        ("eidas3 eidas1", "eidas1"),
        ("urn:unknown", "eidas2"),
    ],
)
def test_the_acr_is_the_first_one_asked_that_is_reached(
    portal: Portal, doctor: Person, asked: str | None, answered: str
) -> None:
    response = portal.log_in(portal.ask(acr_values=asked), doctor)
    assert claims_of(portal, response)["acr"] == answered


def test_a_higher_level_than_the_session_has_is_proven_again(
    portal: Portal, doctor: Person
) -> None:
    portal.log_in(portal.ask(), doctor, level=Level.EIDAS1)
    assert asks_for_login(portal.ask(acr_values="eidas2"))
    assert parameters_of(portal.ask(acr_values="eidas2", prompt="none"))["error"] == (
        "login_required"
    )
    stepped_up = portal.log_in(portal.ask(acr_values="eidas2"), doctor)
    assert claims_of(portal, stepped_up)["acr"] == "eidas2"


def test_an_acr_demanded_through_claims_counts_as_asked(portal: Portal, doctor: Person) -> None:
    demanded = {"id_token": {"acr": {"essential": True, "values": ["eidas1"]}}}
    response = portal.log_in(portal.ask(claims=json.dumps(demanded)), doctor)
    assert claims_of(portal, response)["acr"] == "eidas1"


def test_a_hint_of_the_person_is_answered(portal: Portal, doctor: Person) -> None:
    hint = portal.tokens(doctor)["id_token"]
    assert "code" in parameters_of(portal.ask(prompt="none", id_token_hint=hint))


def test_a_hint_of_another_person_is_not(portal: Portal, doctor: Person, midwife: Person) -> None:
    hint = portal.tokens(midwife)["id_token"]
    portal.log_in(portal.ask(prompt="login"), doctor)
    silent = parameters_of(portal.ask(prompt="none", id_token_hint=hint))
    assert silent["error"] == "login_required"
    wrong_person = portal.log_in(portal.ask(id_token_hint=hint), doctor)
    assert parameters_of(wrong_person)["error"] == "login_required"


def test_a_hint_of_another_client_is_refused(
    portal: Portal, other_portal: Portal, doctor: Person
) -> None:
    hint = other_portal.tokens(doctor)["id_token"]
    assert parameters_of(portal.ask(id_token_hint=hint))["error"] == "invalid_request"


def test_an_access_token_is_no_hint(portal: Portal, doctor: Person) -> None:
    access_token = portal.tokens(doctor)["access_token"]
    assert parameters_of(portal.ask(id_token_hint=access_token))["error"] == "invalid_request"


def test_a_sub_demanded_through_claims_is_the_person_or_nobody(
    portal: Portal, doctor: Person, midwife: Person
) -> None:
    portal.code(doctor)
    for person, key in ((doctor, "code"), (midwife, "error")):
        demanded = json.dumps({"id_token": {"sub": {"value": str(person.pk)}}})
        assert key in parameters_of(portal.ask(prompt="none", claims=demanded))


def test_claims_asked_one_by_one_are_told(portal: Portal, doctor: Person) -> None:
    asked = {"userinfo": {"name": {"essential": True}}, "id_token": {"codeCivilite": None}}
    tokens = portal.tokens(doctor, scope="openid", claims=json.dumps(asked))
    told = portal.userinfo(tokens["access_token"]).json()
    assert told == {"sub": str(doctor.pk), "name": "Camille Lefèvre"}
    claims = jwt.decode(tokens["id_token"], keys.ring().verifying, algorithms=["RS256"]).claims
    assert claims["codeCivilite"] == "MME"
    assert "SubjectNameID" not in claims


def test_a_login_hint_reaches_the_login(portal: Portal) -> None:
    portal.ask(login_hint="899900000011")
    assert LoginAttempt.objects.get().login_policy.login_hint == "899900000011"


@pytest.mark.parametrize(
    "name", ["display", "kc_idp_hint", "acr", "claims_locales", "extra", "resource"]
)
def test_parameters_that_mean_nothing_here_are_ignored(portal: Portal, name: str) -> None:
    assert asks_for_login(portal.ask(**{name: "popup"}))


def test_the_language_asked_is_that_of_the_page(portal: Portal) -> None:
    response = portal.ask(ui_locales="xx en-GB fr")
    page = portal.browser.get(response["Location"])
    translation.deactivate()
    assert page["Content-Language"] == "en"


def test_the_language_the_person_chose_stays(portal: Portal) -> None:
    portal.browser.cookies["django_language"] = "fr"
    page = portal.browser.get(portal.ask(ui_locales="en")["Location"])
    assert page["Content-Language"] == "fr"


def test_a_posted_request_is_answered_like_any_other(portal: Portal, doctor: Person) -> None:
    portal.code(doctor)
    posted = portal.browser.post(
        "/auth/", urlencode(portal.request), content_type="application/x-www-form-urlencoded"
    )
    # RFC 9700 §4.12: 303, so that what follows is a GET; our cookies come with it.
    assert posted.status_code == 303
    assert "code" in parameters_of(portal.browser.get(posted["Location"]))


def test_form_post_sends_every_value_as_it_came(portal: Portal, doctor: Person) -> None:
    state = "a&b=c\"><script>alert('é')</script> +%2F"
    page = portal.log_in(portal.ask(response_mode="form_post", state=state), doctor)
    html = page.content.decode()
    assert page.status_code == 200
    assert "<script>alert" not in html
    assert f'action="{portal.request["redirect_uri"]}"' in html
    assert "a&amp;b=c&quot;&gt;&lt;script&gt;alert(&#x27;é&#x27;)&lt;/script&gt; +%2F" in html
    assert 'src="/static/oidc/form_post.js"' in html
    assert "https://portail.example" in page["Content-Security-Policy"]
    assert "'unsafe-inline'" not in page["Content-Security-Policy"]
    assert 'id="continue"' in html


def test_an_error_too_goes_by_form_post(portal: Portal) -> None:
    html = portal.ask(response_mode="form_post", prompt="none").content.decode()
    assert 'value="login_required"' in html
    assert f'name="iss" value="{issuer()}"' in html


def test_the_protocols_own_path_answers_too(portal: Portal) -> None:
    assert asks_for_login(portal.ask(f"{PROTOCOL}/auth"))


def test_another_persons_login_ends_the_session_before(
    portal: Portal, doctor: Person, midwife: Person
) -> None:
    first = portal.tokens(doctor)
    portal.log_in(portal.ask(prompt="login"), midwife)
    assert portal.userinfo(first["access_token"]).status_code == 401
    assert SsoSession.objects.filter(ended_at__isnull=True).count() == 1
