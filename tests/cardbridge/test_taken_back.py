"""An opposition that is taken back: the card is good again, and a later one is felt like the first.

And cards that the register writes twice, or in two ways.
"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from idp.audit.models import AuditRow
from idp.cardbridge.flows import barring
from idp.cardbridge.flows.issued import (
    check_number_not_barred,
    look_up_again,
    withdraw_opposed_issued,
)
from idp.cardbridge.models import BarredSerial
from idp.cardbridge.rules.revocation import Source
from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows import import_cards as cards_file
from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.importing import Options
from idp.directory.flows.live_cards import today
from idp.directory.models import Card, IssuedCard
from idp.enrollment.models import Device
from idp.login import flows as login
from idp.login.rules.revocation import Order, TargetKind
from idp.sandbox.pki.store import Credential
from tests.cardbridge.opposition import numbered, oppose, session_by
from tests.cardbridge.responder import REVOKED, Responder, ask, state
from tests.cardbridge.test_two_cards import (
    NEW,
    OLD,
    is_over,
    long_before,
    opened_by,
    phone_enrolled_by,
    states,
)
from tests.directory.test_bad_card_files import card as card_row
from tests.directory.test_bad_card_files import content
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
    return card_row(number=number, national_id=DOCTOR, opposed_on=day)


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


def test_answers_that_say_nothing_new_end_nothing_again(
    responder: Responder, card: Credential
) -> None:
    session_by(card)
    responder.status = REVOKED
    for _ in range(3):
        Card.objects.update(next_ocsp_at=clock.now())
        ask()
        look_up_again()
        assert AuditRow.objects.filter(event="card_opposed").count() == 1


def test_a_good_answer_about_a_listed_card_takes_no_phone_that_was_left(
    responder: Responder, card: Credential
) -> None:
    """Its holder had another good card that day, which has merely expired since."""
    phone_enrolled_by(session_by(card))
    long_before()
    key = f"{card.certificate.serial_number:x}"
    BarredSerial.objects.create(
        issuer=state(), serial=key, source=Source.LIST, revoked_at=clock.now()
    )
    Card.objects.update(opposed_at=clock.now(), withdrawn_at=clock.now())
    for _ in range(2):
        Card.objects.update(next_ocsp_at=clock.now())
        ask()
        look_up_again()
        barring.withdraw_opposed_cards()
    assert states() == {"active"}
    assert Card.objects.get(serial=key).withdrawn_at is not None


def test_a_correction_during_the_round_is_seen_by_the_next(
    fort: Credential, monkeypatch: pytest.MonkeyPatch, tell: Tell
) -> None:
    session_by(numbered(fort, OLD))
    Card.objects.update(last_seen_at=clock.now() - timedelta(days=2))
    really = barring.withdraw_opposed

    def corrected_meanwhile(card: Card, opposed: barring.Opposition) -> bool:
        IssuedCard.objects.update(opposed_on=None)
        return really(card, opposed)

    monkeypatch.setattr("idp.cardbridge.flows.issued.withdraw_opposed", corrected_meanwhile)
    tell(issued(OLD, today()))
    assert Card.objects.get().opposed_at is None


def test_of_two_rows_far_apart_the_card_is_ended_once(
    fort: Credential, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards_file, "_TOGETHER", 1)
    session_by(numbered(fort, OLD))
    long_before()
    for kind in ("CPS", "CPF", "CPS"):
        first = card_row(number=OLD, national_id=DOCTOR, kind=kind)
        tell(first, issued(NEW), issued(OLD, today() - YESTERDAY))
    assert AuditRow.objects.filter(event="card_opposed").count() == 1


def test_an_order_on_the_phone_does_not_give_it_back_without_any_card(
    fort: Credential, tell: Tell
) -> None:
    """The last card was never used here."""
    phone_enrolled_by(session_by(numbered(fort, OLD)))
    Card.objects.all().delete()
    tell(issued(NEW))
    phone = Order(
        kind=TargetKind.DEVICE, target=str(Device.objects.get().pk), reason="lost", by="a test"
    )
    login.revoke(phone)
    tell(issued(NEW, today() - YESTERDAY))
    login.lift(phone)
    assert states() == {"suspended"}


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
