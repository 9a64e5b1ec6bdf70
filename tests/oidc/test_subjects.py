"""`sub`: the same in every place for one portal, and what a pairwise one keeps from others."""

import re
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from idp.core.errors import IdpError
from idp.directory.models import Person
from idp.login.models import SsoSession
from idp.oidc.flows import logout_tokens
from idp.oidc.flows.deliveries import queue
from idp.oidc.gateways import client_cache, keys
from idp.oidc.models import Client
from idp.oidc.rules.client_choices import AnswerMetadata
from idp.oidc.rules.delivery import DeliveryKind
from idp.oidc.rules.subjects import pairwise_subject
from tests.oidc.portal import PROTOCOL, Portal

pytestmark = pytest.mark.django_db
PERSON = UUID("00000000-0000-4000-8000-000000000001")
SALT = b"s" * 32


def choose(portal: Portal, **columns: str) -> None:
    Client.objects.filter(pk=portal.client.pk).update(**columns)
    client_cache._held.clear()
    portal.client.refresh_from_db()


def logout_token_of(portal: Portal) -> dict[str, Any]:
    session = SsoSession.objects.get(ended_at__isnull=True)
    delivery = queue(
        kind=DeliveryKind.BACKCHANNEL_LOGOUT,
        client=portal.client,
        target="https://portail.example/out",
        reference=str(session.pk),
        give_up_at=session.expires_at,
    )
    message = logout_tokens.message_of(delivery)
    assert message is not None
    token = message.content.decode().removeprefix("logout_token=")
    return keys.read(token, kind="Logout")


def every_sub(portal: Portal, person: Person) -> set[str]:
    """As each endpoint tells it."""
    tokens = portal.tokens(person)
    return {
        keys.read(tokens["id_token"], kind="ID")["sub"],
        keys.read(tokens["access_token"], kind="Bearer")["sub"],
        portal.userinfo(tokens["access_token"]).json()["sub"],
        portal.introspect(tokens["access_token"])["sub"],
        portal.introspect(tokens["refresh_token"])["sub"],
        logout_token_of(portal)["sub"],
    }


def test_a_public_sub_is_the_persons_uuid_everywhere(portal: Portal, doctor: Person) -> None:
    assert every_sub(portal, doctor) == {str(doctor.pk)}


@pytest.mark.parametrize("year", ["2021", "2022", "2023"])
def test_a_portal_of_the_past_gets_the_federated_sub_everywhere(
    portal: Portal, doctor: Person, year: str
) -> None:
    choose(portal, userinfo_shape=year)
    expected = f"f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:{doctor.national_id}"
    assert every_sub(portal, doctor) == {expected}


def test_a_pairwise_sub_is_one_everywhere_and_names_nobody(portal: Portal, doctor: Person) -> None:
    choose(portal, subject_type="pairwise")
    (sub,) = every_sub(portal, doctor)
    assert sub != str(doctor.pk)
    assert doctor.national_id not in sub


def test_portals_of_one_sector_share_a_pairwise_sub_and_no_other_does(
    portal: Portal, other_portal: Portal, psc_portal: Portal, doctor: Person
) -> None:
    choose(portal, subject_type="pairwise")
    choose(other_portal, subject_type="pairwise")
    choose(psc_portal, subject_type="pairwise", sector_identifier="autre.example")
    subs = [
        keys.read(each.tokens(doctor)["id_token"], kind="ID")["sub"]
        for each in (portal, other_portal, psc_portal)
    ]
    assert subs[0] == subs[1] != subs[2]


@pytest.mark.parametrize(
    "columns", [{"subject_type": "pairwise"}, {"userinfo_shape": "2021"}], ids=["pairwise", "2021"]
)
def test_hints_are_understood_in_the_portals_own_terms(
    portal: Portal, doctor: Person, midwife: Person, columns: dict[str, str]
) -> None:
    choose(portal, **columns)
    id_token = portal.tokens(doctor)["id_token"]
    assert "code=" in portal.ask(prompt="none", id_token_hint=id_token)["Location"]
    fresh = Portal(portal.client)
    fresh.tokens(midwife)
    assert "login_required" in fresh.ask(prompt="none", id_token_hint=id_token)["Location"]
    # The hint of one person leaves the other's session alone, and ends its own.
    fresh.browser.get(f"{PROTOCOL}/logout?{urlencode({'id_token_hint': id_token})}")
    assert "code=" in fresh.ask(prompt="none")["Location"]
    assert "login_required" in portal.ask(prompt="none")["Location"]


def test_a_pairwise_sub_depends_on_person_sector_and_salt() -> None:
    sub = pairwise_subject(PERSON, sector="a.example", salt=SALT)
    assert re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", sub)
    assert sub == pairwise_subject(PERSON, sector="A.example", salt=SALT)
    assert (
        len(
            {
                sub,
                pairwise_subject(UUID(int=1), sector="a.example", salt=SALT),
                pairwise_subject(PERSON, sector="b.example", salt=SALT),
                pairwise_subject(PERSON, sector="a.example", salt=b"t" * 32),
            }
        )
        == 4
    )


def test_portals_of_several_hosts_must_say_their_sector() -> None:
    uris = ("https://a.example/cb", "https://b.example/cb")
    with pytest.raises(IdpError, match="sector_identifier"):
        AnswerMetadata(subject_type="pairwise").check(redirect_uris=uris, jwks={})
    for wrong in ("https://a.example", "A.example", "a.example/", "a example"):
        with pytest.raises(IdpError, match="sector_identifier"):
            AnswerMetadata(sector_identifier=wrong).check(redirect_uris=uris, jwks={})
    chosen = AnswerMetadata(subject_type="pairwise", sector_identifier="a.example")
    chosen.check(redirect_uris=uris, jwks={})
