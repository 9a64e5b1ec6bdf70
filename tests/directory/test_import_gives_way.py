"""Every kind of import stands still, again and again, while people are served on its machine."""

from collections.abc import Callable
from pathlib import Path

import pytest

from idp.core.right_of_way import Work
from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.import_register import ImportSummary, Options
from tests.directory.flows.test_import_cards import HEADER, card
from tests.directory.register import register, row, rpps
from tests.directory.savoir_faire import skill

ROWS = 300
Import = Callable[..., ImportSummary]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Work]:
    """Each time that this process would have stood still."""
    asked: list[Work] = []
    monkeypatch.setattr(Work, "give", lambda work: asked.append(work))
    return asked


def test_people(import_bytes: Import, asked: list[Work]) -> None:
    import_bytes(register(*(row(rpps(number)) for number in range(ROWS))))
    # Before each table that is filled.
    assert len(asked) >= 4


def test_cards(tmp_path: Path, db: None, asked: list[Work]) -> None:
    path = tmp_path / "Porteurs_CPS_CPF.txt"
    path.write_text("".join(f"{line}\n" for line in (HEADER, *map(card, range(ROWS)))))
    import_cards(path=path, options=Options())
    assert len(asked) >= ROWS // 64


def test_savoir_faire(say: Import, import_bytes: Import, asked: list[Work]) -> None:
    import_bytes(register(row()))
    asked.clear()
    say(*[skill()] * ROWS)
    assert len(asked) >= ROWS // 64
