"""A sandbox with its cards (made once a session), and an attempt of one browser."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from pytest_django import Settings

from idp.cardbridge.models import TrustedCertificate
from idp.core import clock, outbound
from idp.login.models import LoginAttempt
from idp.sandbox.pki.hierarchy import AuthorityName, Hierarchy, load_or_make
from idp.sandbox.pki.installation import set_up
from idp.sandbox.pki.store import Credential
from tests.cardbridge.crafting import craft
from tests.cardbridge.responder import Responder
from tests.cardbridge.steps import load_addresses, log_in
from tests.login.conftest import open_one


@pytest.fixture(scope="session")
def tray(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory that holds PKI and cards. Filled by the first test, shared by all."""
    return tmp_path_factory.mktemp("card-sandbox")


@pytest.fixture
def sandbox(db: None, settings: Settings, tray: Path) -> Path:
    """Trust, lists and people in this test's database; returns the directory of the cards."""
    load_addresses()
    settings.HYGIE = replace(settings.HYGIE, data_dir=tray)
    cache.clear()
    set_up()
    return tray / "sandbox" / "cards"


@pytest.fixture
def hierarchy(sandbox: Path) -> Hierarchy:
    return load_or_make(sandbox.parent / "pki", base_url="http://test", now=clock.now())


@pytest.fixture
def fort(hierarchy: Hierarchy) -> Credential:
    """FORT PERSONNES: the authority that issues cards."""
    return hierarchy.authorities[AuthorityName.FORT_PERSONNES]


@pytest.fixture
def attempt(sandbox: Path) -> LoginAttempt:
    return open_one()


URL = "http://ocsp.example"


@pytest.fixture
def card(fort: Credential) -> Credential:
    """A card that has just logged in, of an issuer that has a responder."""
    TrustedCertificate.objects.filter(accepts_cards=True).update(ocsp_url=URL)
    made = craft(fort)
    assert log_in(open_one(), made) == ""
    return made


@pytest.fixture
def responder(fort: Credential, card: Credential, monkeypatch: pytest.MonkeyPatch) -> Responder:
    made = Responder(issuer=fort, card=card)

    def send(*, url: str, method: str, content: bytes, **options: Any) -> Any:
        assert (url, method) == (URL, "POST")
        return made.send(content=content, **options)

    monkeypatch.setattr(outbound, "send", send)
    return made
