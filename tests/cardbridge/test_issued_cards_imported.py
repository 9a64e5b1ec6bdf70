"""Oppositions as one file of issued cards after the other tells them: each is acted upon once."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.test import Client as Browser

from idp.audit.models import AuditRow
from idp.cardbridge.flows import issued
from idp.cardbridge.flows.issued import withdraw_opposed_issued
from idp.core import clock
from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import Options
from idp.directory.flows.live_cards import today
from idp.directory.flows.toggle import toggle_identifiers
from idp.directory.models import Card, IssuedCard, Person
from idp.login.models import SsoSession
from idp.sandbox.pki.store import Credential
from tests.cardbridge.opposition import numbered, session_by
from tests.cardbridge.test_two_cards import OLD, is_over, long_before, phone_enrolled_by, states
from tests.directory.register import fictitious_rpps, register, row
from tests.directory.test_bad_card_files import card, content
from tests.emulators.phones import SoftPhone
from tests.emulators.workstation import Workstation
from tests.people import DOCTOR

ADELI = "0B1058110"
NEWCOMER = fictitious_rpps(4711)
Tell = Callable[..., IssuedCard]


@pytest.fixture
def tell(tmp_path: Path, db: None) -> Tell:
    """Imports the file of a day, in which one card is opposed from then on (or is not)."""

    def tell(opposed_on: date | None, number: str = OLD, holder: str = DOCTOR) -> IssuedCard:
        day = f"{opposed_on:%Y%m%d}" if opposed_on else ""
        path = tmp_path / "Porteurs_CPS_CPF.txt"
        path.write_bytes(content(card(number=number, national_id=holder, opposed_on=day)))
        import_cards(path=path, options=Options(test_identities=True, accept_changes=True))
        return IssuedCard.objects.get()

    return tell


def was_acted_upon() -> bool:
    return IssuedCard.objects.get().withdrawn_at is not None


def test_one_that_is_taken_back_and_named_again_is_acted_upon_again(
    fort: Credential, tell: Tell
) -> None:
    mine = numbered(fort, OLD)
    session_by(mine)
    tell(today())
    assert withdraw_opposed_issued() == 1
    tell(None)
    assert not was_acted_upon()
    assert withdraw_opposed_issued() == 0
    session = session_by(mine)
    Card.objects.update(last_seen_at=clock.now() - timedelta(hours=1))
    tell(today())
    assert [withdraw_opposed_issued(), withdraw_opposed_issued()] == [1, 0]
    assert is_over(session)
    assert was_acted_upon()


def test_one_that_is_put_off_is_acted_upon_again_when_its_day_comes(
    fort: Credential, tell: Tell
) -> None:
    mine = numbered(fort, OLD)
    session_by(mine)
    tell(today() - timedelta(days=3))
    assert withdraw_opposed_issued() == 1
    tell(today() + timedelta(days=1))
    session = session_by(mine)
    SsoSession.objects.update(expires_at=clock.now() + timedelta(days=3))
    assert withdraw_opposed_issued() == 0
    assert not is_over(session)
    with clock.frozen(clock.now() + timedelta(days=1)):
        assert [withdraw_opposed_issued(), withdraw_opposed_issued()] == [1, 0]
    assert is_over(session)
    assert AuditRow.objects.filter(event="card_opposed").count() == 2


def test_one_whose_past_day_moves_is_not_acted_upon_again(fort: Credential, tell: Tell) -> None:
    session_by(numbered(fort, OLD))
    tell(today() - timedelta(days=3))
    assert withdraw_opposed_issued() == 1
    tell(today() - timedelta(days=1))
    assert was_acted_upon()
    assert withdraw_opposed_issued() == 0


def between(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Something is committed when the sweep has read its cards, and has not yet marked them."""
    found = issued._holders

    def holders(rows: list[IssuedCard]) -> object:
        people = found(rows)
        happens()
        return people

    monkeypatch.setattr(issued, "_holders", holders)


def test_one_that_is_put_off_under_the_sweep_is_not_marked(
    fort: Credential, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(today())
    with monkeypatch.context() as patched:
        between(patched, lambda: tell(today() + timedelta(days=1)))
        withdraw_opposed_issued()
    assert not was_acted_upon()
    with clock.frozen(clock.now() + timedelta(days=1)):
        withdraw_opposed_issued()
    assert was_acted_upon()


def enter(tmp_path: Path) -> Person:
    """The register knows somebody more."""
    path = tmp_path / "people.txt"
    path.write_bytes(register(row(NEWCOMER)))
    import_register(path=path, test_identities=True)
    return Person.objects.get(national_id=f"8{NEWCOMER}")


def test_a_card_that_came_before_its_holder_is_acted_upon_once_they_are_known(
    sandbox: Path, tmp_path: Path, tell: Tell
) -> None:
    before = tell(today(), "9900000012", f"8{NEWCOMER}")
    assert before.person is None
    assert withdraw_opposed_issued() == 0
    assert was_acted_upon()
    person = enter(tmp_path)
    found = IssuedCard.objects.get()
    assert (found.person, found.withdrawn_at) == (person, None)
    workstation = Workstation()
    session = workstation.log_in_by_card(person)
    workstation.activate(SoftPhone(Browser()))
    assert [withdraw_opposed_issued(), withdraw_opposed_issued()] == [1, 0]
    assert (is_over(session), states()) == (True, {"suspended"})
    assert was_acted_upon()
    assert AuditRow.objects.filter(event="device_suspended").count() == 1


def test_one_whose_holder_enters_under_the_sweep_is_not_marked(
    sandbox: Path, tmp_path: Path, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(today(), "9900000012", f"8{NEWCOMER}")
    with monkeypatch.context() as patched:
        between(patched, lambda: enter(tmp_path))
        withdraw_opposed_issued()
    assert not was_acted_upon()
    withdraw_opposed_issued()
    assert was_acted_upon()


def test_a_card_of_a_former_number_is_acted_upon_once_the_number_leads_to_its_holder(
    fort: Credential, tmp_path: Path, tell: Tell
) -> None:
    session = session_by(numbered(fort, OLD))
    phone_enrolled_by(session)
    long_before()
    # The other card is past its date, and forgotten here.
    Card.objects.all().delete()
    assert tell(today(), "9900000012", f"0{ADELI}").person is None
    assert withdraw_opposed_issued() == 0
    assert (was_acted_upon(), states()) == (True, {"active"})
    path = tmp_path / "bascule.csv"
    path.write_text(f"N° ADELI;N° RPPS\n{ADELI};{DOCTOR[1:]}\n")
    assert toggle_identifiers(path=path, test_identities=True).added == 1
    assert IssuedCard.objects.get().person_id == session.person_id
    assert [withdraw_opposed_issued(), withdraw_opposed_issued()] == [1, 0]
    assert (is_over(session), states()) == (True, {"suspended"})
    assert AuditRow.objects.filter(event="device_suspended").count() == 1
