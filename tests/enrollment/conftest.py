"""A doctor at a workstation, with or without an active phone."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from idp.directory.models import Person
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.people import make_person

QUICK_PIN_ROUNDS = 10


@pytest.fixture(autouse=True)
def _no_counted_tries() -> Iterator[None]:
    """Rate windows live in the cache, which outlives a test's transaction."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


@pytest.fixture
def workstation(person: Person) -> Workstation:
    """Where the doctor has just logged in by card."""
    station = Workstation()
    station.log_in_by_card(person)
    return station


@pytest.fixture
def phone(workstation: Workstation) -> SoftPhone:
    """The doctor's active phone, with a passkey."""
    return workstation.activate(SoftPhone(Client()))


@pytest.fixture
def pin_phone(workstation: Workstation) -> SoftPhone:
    """The doctor's active phone, with a PIN key."""
    return workstation.activate(SoftPhone(Client(), kind="pin", pin_rounds=QUICK_PIN_ROUNDS))


@pytest.fixture
def screen(db: None) -> Workstation:
    """A browser that nobody ever used."""
    return Workstation()
