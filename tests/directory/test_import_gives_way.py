"""Every kind of import stands still, again and again, while people are served on its machine.

On PostgreSQL: on SQLite they would wait for the very import that waits for them.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from idp.core.right_of_way import Work, file_of
from idp.directory.flows.import_cards import import_cards
from idp.directory.flows.importing import ImportSummary, Options
from idp.directory.gateways.processes import Processes
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


def enough(asked: list[Work], times: int) -> bool:
    return len(asked) >= times if connection.vendor == "postgresql" else not asked


def test_people(import_bytes: Import, asked: list[Work]) -> None:
    content = register(*(row(rpps(number)) for number in range(ROWS)))
    import_bytes(content)
    # Before each table that is filled.
    assert enough(asked, 4)
    # While it is told whether it is the same file.
    asked.clear()
    assert import_bytes(content).skipped
    assert enough(asked, 1)


def test_the_processes_beside_it_look_at_the_file_of_who_serves(
    import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Path | None] = []
    begin = Processes.__init__

    def noted(processes: Processes, right_of_way: Path | None) -> None:
        told.append(right_of_way)
        begin(processes, right_of_way)

    monkeypatch.setattr(Processes, "__init__", noted)
    import_bytes(register(row()))
    served = file_of(settings.HYGIE.data_dir) if connection.vendor == "postgresql" else None
    assert told == [served]


def test_cards(tmp_path: Path, db: None, asked: list[Work]) -> None:
    path = tmp_path / "Porteurs_CPS_CPF.txt"
    path.write_text("".join(f"{line}\n" for line in (HEADER, *map(card, range(ROWS)))))
    import_cards(path=path, options=Options())
    assert enough(asked, ROWS // 64)


def test_savoir_faire(say: Import, import_bytes: Import, asked: list[Work]) -> None:
    import_bytes(register(row()))
    asked.clear()
    say(*[skill()] * ROWS)
    assert enough(asked, ROWS // 64)
