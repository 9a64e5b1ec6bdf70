"""An import of cards as a process: killed in its middle, and watched by a reader all along."""

from pathlib import Path

import pytest

from idp.directory.models import IssuedCard
from tests.directory.importing import Importing, state
from tests.directory.register import fictitious_rpps
from tests.directory.test_bad_card_files import card, content
from tests.directory.test_import_processes import batches, wait_for_the_lock

pytestmark = pytest.mark.django_db(transaction=True)
CARDS = 25_000


@pytest.fixture(scope="module")
def cards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So many that the progress is shown in the middle of the one transaction."""
    path = tmp_path_factory.mktemp("cards") / "Porteurs_CPS_CPF.txt"
    holder = f"8{fictitious_rpps(1)}"
    path.write_bytes(content(*(card(number, national_id=holder) for number in range(CARDS))))
    return path


def test_killed_in_its_middle_it_leaves_nothing_and_the_next_one_does_it_all(cards: Path) -> None:
    before = state()
    with Importing(str(cards)) as importing:
        importing.shows("reading: ")
        importing.kill()
    assert state() == before
    assert batches() == [("running", None)]
    wait_for_the_lock()
    with Importing(str(cards)) as again:
        seen = again.watched()
        status, out, _ = again.finished()
    assert (status, f"cards: {CARDS} created" in out) == (0, True)
    assert seen == {before, state()}
    assert IssuedCard.objects.count() == CARDS
    assert batches() == [("refused", "interrupted"), ("done", None)]


def test_two_imports_at_once_are_one_whatever_they_import(cards: Path) -> None:
    with Importing(str(cards)) as first:
        first.shows("reading: ")
        with first.stopped(), Importing(str(cards), terminal=False) as second:
            status, out, err = second.finished()
        assert (status, out) == (1, "")
        assert "refused, nothing has changed: " in err
        assert err.endswith("another import is running\n")
        assert first.finished()[0] == 0
