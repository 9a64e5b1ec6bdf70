"""The cards that logged in: noted, warned of once a day in their last month, forgotten after."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin import site

from idp.core import clock
from idp.directory.flows.cards import (
    SeenCard,
    cards_of,
    end_to_announce,
    ends_soon,
    note_card,
    purge_cards,
)
from idp.directory.models import Card, Person
from tests.people import make_person


@pytest.fixture
def person(db: None) -> Person:
    return make_person()


def seen(person: Person, *, lasts: timedelta = timedelta(days=400), serial: str = "a1") -> SeenCard:
    return SeenCard(
        person_id=person.pk,
        issuer_sha256="0" * 64,
        serial=serial,
        number="8025000001/9900000011",
        kind="CPS",
        not_after=clock.now() + lasts,
    )


def test_a_card_is_noted_once_and_touched_by_each_login(person: Person) -> None:
    card = seen(person)
    note_card(card)
    first: datetime = Card.objects.get().last_seen_at
    note_card(card)
    assert Card.objects.get().last_seen_at > first
    assert Card.objects.get().first_seen_at <= first


def test_a_card_is_noted_in_one_statement(person: Person, django_assert_num_queries: Any) -> None:
    card = seen(person)
    with django_assert_num_queries(1):
        note_card(card)
    with django_assert_num_queries(1):
        note_card(card)
    # A card far from its end costs no statement more.
    with django_assert_num_queries(0):
        assert end_to_announce(card) is None


def test_the_end_is_announced_once_a_day(person: Person) -> None:
    card = seen(person, lasts=timedelta(days=29))
    note_card(card)
    assert end_to_announce(card) == card.not_after
    assert end_to_announce(card) is None
    Card.objects.update(warned_at=clock.now() - timedelta(days=1, minutes=1))
    assert end_to_announce(card) == card.not_after


def test_a_login_does_not_forget_that_its_holder_was_warned(person: Person) -> None:
    card = seen(person, lasts=timedelta(days=5))
    note_card(card)
    assert end_to_announce(card)
    note_card(card)
    assert end_to_announce(card) is None


@pytest.mark.parametrize(
    ("days", "opposed", "expected"), [(29, False, True), (31, False, False), (29, True, False)]
)
def test_who_is_shown_a_warning(person: Person, days: int, opposed: bool, expected: bool) -> None:
    note_card(seen(person, lasts=timedelta(days=days)))
    Card.objects.update(opposed_at=clock.now() if opposed else None)
    assert ends_soon(Card.objects.get()) is expected


def test_a_holder_sees_the_cards_in_date_only(person: Person) -> None:
    note_card(seen(person, serial="1"))
    note_card(seen(person, serial="2", lasts=-timedelta(days=1)))
    assert [card.serial for card in cards_of(person_id=person.pk)] == ["1"]


def test_a_card_long_past_its_date_is_forgotten(person: Person) -> None:
    note_card(seen(person, serial="1"))
    note_card(seen(person, serial="2", lasts=-timedelta(days=31)))
    assert purge_cards() == 1
    assert Card.objects.get().serial == "1"


def test_the_operator_finds_the_cards_that_end_soon_or_are_opposed(person: Person) -> None:
    note_card(seen(person, serial="1", lasts=timedelta(days=10)))
    note_card(seen(person, serial="2"))
    note_card(seen(person, serial="3"))
    Card.objects.filter(serial="3").update(opposed_at=clock.now())
    model_admin = site.get_model_admin(Card)
    for state, serials in {"ends_soon": ["1"], "opposed": ["3"], None: ["1", "2", "3"]}.items():
        [kind, *_] = [each for each in model_admin.list_filter if isinstance(each, type)]
        values = {} if state is None else {"state": [state]}
        chosen = kind(None, values, Card, model_admin)  # type: ignore[arg-type]
        found = chosen.queryset(None, Card.objects.order_by("serial"))  # type: ignore[arg-type]
        assert found is not None
        assert [card.serial for card in found] == serials
