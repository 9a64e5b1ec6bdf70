"""An opposition that is taken back: the card is good again, and a later one is felt like the first.

And cards that the register writes twice, or in two ways.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from idp.cardbridge.flows import barring
from idp.cardbridge.flows.issued import (
    check_number_not_barred,
    look_up_again,
    withdraw_opposed_issued,
)
from idp.cardbridge.models import BarredSerial
from idp.core.errors import IdpError
from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.importing import Options
from idp.directory.flows.live_cards import today
from idp.directory.models import Card, IssuedCard
from idp.sandbox.pki.store import Credential
from tests.cardbridge.opposition import numbered, oppose, session_by
from tests.cardbridge.test_two_cards import (
    NEW,
    OLD,
    is_over,
    long_before,
    opened_by,
    phone_enrolled_by,
    states,
)
from tests.directory.test_bad_card_files import card, content
from tests.people import DOCTOR

YESTERDAY = timedelta(days=1)
Tell = Callable[..., None]


@pytest.fixture
def tell(tmp_path: Path, db: None) -> Tell:
    """The register's file of one day; then the worker's round."""

    def do(*rows: dict[str, str]) -> None:
        path = tmp_path / "Porteurs_CPS_CPF.txt"
        path.write_bytes(content(*rows))
        import_cards(path=path, options=Options(test_identities=True, accept_changes=True))
        withdraw_opposed_issued()

    return do


def issued(number: str, opposed_on: date | None = None) -> dict[str, str]:
    day = f"{opposed_on:%Y%m%d}" if opposed_on else ""
    return card(number=number, national_id=DOCTOR, opposed_on=day)


def gone(number: str) -> None:
    """Past its date, and no longer kept."""
    Card.objects.filter(number=number).delete()
    IssuedCard.objects.filter(number=number).delete()


def test_a_card_given_back_is_another_good_one(fort: Credential, tell: Tell) -> None:
    device = phone_enrolled_by(session_by(numbered(fort, OLD)))
    session_by(numbered(fort, NEW))
    long_before()
    session = opened_by(device)
    tell(issued(OLD, today() - YESTERDAY), issued(NEW))
    tell(issued(OLD), issued(NEW))
    assert Card.objects.get(number=OLD).opposed_at is None
    tell(issued(OLD), issued(NEW, today() - YESTERDAY))
    assert states() == {"active"}
    assert not is_over(session)


def test_a_card_given_back_and_opposed_again_is_the_last_one(fort: Credential, tell: Tell) -> None:
    phone_enrolled_by(session_by(numbered(fort, OLD)))
    session_by(numbered(fort, NEW))
    long_before()
    tell(issued(OLD, today() - YESTERDAY), issued(NEW))
    assert states() == {"active"}
    tell(issued(OLD), issued(NEW))
    gone(NEW)
    tell(issued(OLD, today() - YESTERDAY))
    assert states() == {"suspended"}


def test_a_card_taken_off_a_list_and_put_there_again_is_the_last_one(fort: Credential) -> None:
    old = numbered(fort, OLD)
    phone_enrolled_by(session_by(old))
    session_by(numbered(fort, NEW))
    long_before()
    oppose(fort, old, number=200)
    oppose(fort, number=201)
    assert look_up_again() == 1
    assert Card.objects.get(number=OLD).opposed_at is None
    Card.objects.filter(number=NEW).delete()
    oppose(fort, old, number=202)
    assert states() == {"suspended"}


def test_what_one_source_takes_back_the_other_still_says(fort: Credential, tell: Tell) -> None:
    old = numbered(fort, OLD)
    phone_enrolled_by(session_by(old))
    long_before()
    tell(issued(OLD, today() - YESTERDAY))
    oppose(fort, old, number=200)
    tell(issued(OLD))
    assert Card.objects.get(number=OLD).withdrawn_at is not None
    tell(issued(OLD, today() - YESTERDAY))
    oppose(fort, number=201)
    look_up_again()
    opposed = Card.objects.get(number=OLD)
    assert opposed.opposed_at is not None
    assert opposed.withdrawn_at is not None
    assert not BarredSerial.objects.filter(serial=opposed.serial).exists()


def test_a_card_that_cannot_be_ended_stays_opposed(
    fort: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = numbered(fort, OLD)
    session_by(old)
    oppose(fort, old)
    Card.objects.update(withdrawn_at=None)

    def fails(*_args: object, **_named: object) -> None:
        raise IdpError("down", "")

    monkeypatch.setattr(barring, "withdraw_opposed", fails)
    assert look_up_again() == 0
    assert Card.objects.get().opposed_at is not None


def test_two_certificates_of_one_number_end_together(fort: Credential, tell: Tell) -> None:
    sessions = [session_by(numbered(fort, OLD)), session_by(numbered(fort, OLD))]
    session_by(numbered(fort, NEW))
    long_before()
    tell(issued(OLD, today()), issued(NEW))
    assert [is_over(session) for session in sessions] == [True, True]


def test_a_number_written_in_two_ways_is_opposed_when_one_is(fort: Credential, tell: Tell) -> None:
    short = OLD.rpartition("/")[2]
    phone_enrolled_by(session_by(numbered(fort, OLD)))
    Card.objects.all().delete()
    tell(issued(short))
    tell(issued(OLD, today() - YESTERDAY))
    assert states() == {"suspended"}


def test_of_two_days_the_first_counts(fort: Credential, tell: Tell) -> None:
    first = date(2025, 1, 1)
    for days in ([first, date(2099, 12, 31)], [date(2099, 12, 30), first, None]):
        tell(*(issued(OLD, day) for day in days))
        assert IssuedCard.objects.get().opposed_on == first
        with pytest.raises(IdpError):
            check_number_not_barred(OLD)


def test_spaces_in_a_number_are_none_of_it(fort: Credential, tell: Tell) -> None:
    tell(issued("99 0000 0011", date(2025, 1, 1)))
    with pytest.raises(IdpError):
        check_number_not_barred(OLD)
