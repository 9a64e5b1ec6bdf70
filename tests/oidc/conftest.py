"""Portals of each profile, a doctor with a practice, keys that live as long as the run."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.core.cache import cache

from idp.directory.models import Person
from idp.directory.rules.activity import Activity
from idp.directory.rules.professional import Professional
from idp.oidc.flows.clients import ensure_client
from idp.oidc.gateways import client_cache, keys
from idp.oidc.rules.profiles import ProfileName
from tests.oidc.ciba import Asker
from tests.oidc.portal import LOGGED_OUT_URI, REDIRECT_URI, SECRET, Portal
from tests.oidc.signing_portal import SigningPortal, signing_portal
from tests.people import make_person

PRACTICE = Activity(
    code_mode_exercice="L",
    code_secteur_activite="SA07",
    code_genre_activite="GENR01",
    identifiant_technique_structure="R102671",
    raison_sociale_site="CABINET DU DR LEFÈVRE",
    code_postal="75009",
)


@pytest.fixture(autouse=True)
def _steady_keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key made in a test that was rolled back goes on signing: making one takes 0.1 s."""
    monkeypatch.setattr(keys, "RELOAD_EVERY", float("inf"))
    client_cache._held.clear()
    # The rate window of refusals: every test calls from the same address.
    cache.clear()
    yield
    client_cache._held.clear()


def portal_of(profile: ProfileName, client_id: str = "portail-test") -> Portal:
    return Portal(
        ensure_client(
            client_id=client_id,
            name="Portail de test",
            secret=SECRET,
            redirect_uris=(REDIRECT_URI,),
            post_logout_redirect_uris=(LOGGED_OUT_URI,),
            profile=profile,
        )
    )


@pytest.fixture
def portal(db: None) -> Portal:
    """A portal written to the specifications."""
    return portal_of(ProfileName.STANDARD)


@pytest.fixture
def psc_portal(db: None) -> Portal:
    """A portal that speaks to Pro Santé Connect already."""
    return portal_of(ProfileName.PSC, "portail-psc")


@pytest.fixture
def other_portal(db: None) -> Portal:
    return portal_of(ProfileName.STANDARD, "autre-portail")


def give_practice(person: Person) -> Person:
    """One practice, in the first profession."""
    professional = Professional.from_snapshot(person.snapshot)
    first, *others = professional.exercices
    with_practice = replace(
        professional, exercices=(first._replace(activities=(PRACTICE,)), *others)
    )
    person.snapshot = with_practice.to_snapshot()
    person.save(update_fields=["snapshot"])
    return person


@pytest.fixture
def doctor(db: None) -> Person:
    return give_practice(make_person())


@pytest.fixture
def midwife(db: None) -> Person:
    return make_person("899900000052", profession="50", family_name="Nguyên-Martin")


@pytest.fixture
def asker(portal: Portal, doctor: Person) -> Asker:
    """The standard portal's server, which may ask without a browser (CIBA)."""
    return Asker(portal)


@pytest.fixture
def psc_asker(psc_portal: Portal, doctor: Person) -> Asker:
    return Asker(psc_portal)


@pytest.fixture
def fapi(db: None) -> SigningPortal:
    portal = signing_portal()
    portal.with_nonce()
    return portal


@pytest.fixture
def other(db: None) -> SigningPortal:
    portal = signing_portal("autre-fapi")
    portal.with_nonce()
    return portal
