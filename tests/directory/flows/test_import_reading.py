"""What is read of a register file: in which encoding, how often, and by how many processes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import ImportSummary, Options
from idp.directory.gateways import processes, register_file
from idp.directory.models import Person, Practice, Structure
from idp.directory.models.people import SANDBOX_SOURCE
from idp.directory.rules.register_columns import EXTRACTION_COLUMNS
from tests.directory.flows.test_import_register import counts, person
from tests.directory.register import (
    NAMES,
    PRACTICE,
    SANDBOX_FILE,
    register,
    row,
    row_of,
    rpps,
)

pytestmark = pytest.mark.django_db
Import = Callable[..., ImportSummary]


def test_a_latin_1_extraction_is_read_with_civil_names(import_bytes: Import) -> None:
    names = [
        *(n for n in NAMES.values() if n not in EXTRACTION_COLUMNS.values()),
        *EXTRACTION_COLUMNS.values(),
    ]
    line = row_of(names, rpps(1)).removesuffix("||") + "LEFÈVRE|Jean'Éric'|"
    import_bytes(f"{'|'.join(names)}|\n{line}\n".encode("latin-1"))
    found = person()
    assert (found.family_name, found.given_names) == ("LEFÈVRE", "Jean Éric")
    assert Person.objects.get(pk=found.person_id).source == "psc"


def test_processes_side_by_side_read_the_same(
    import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "ALONE", 0)
    monkeypatch.setattr(register_file, "BLOCK_BYTES", 500)
    rows = [row(rpps(n), nom="A\\B", **PRACTICE) for n in range(20)]
    assert counts(import_bytes(register(*rows, "bad"))) == (20, 0, 0, 1)
    assert person(7).family_name == "A\\B"
    assert Practice.objects.count() == 20
    # They all practise at the same place.
    assert Structure.objects.get().raison_sociale_site == PRACTICE["raison_sociale_site"]


def test_a_name_that_reads_like_an_absent_value_is_a_name(import_bytes: Import) -> None:
    import_bytes(register(row(nom="\\N", prenom="\\\\N", code_role="\\N")))
    found = Person.objects.get()
    assert (found.family_name, found.given_names) == ("\\N", "\\\\N")
    practice = Practice.objects.get()
    assert (practice.code_role, practice.structure_id) == ("\\N", None)


READ_ONCE = ["reading", "writing"]
READ_TWICE = ["looking over", "reading", "writing"]


def phases_of(path: Path, *, test_identities: bool = False) -> list[str]:
    """An import's, each once."""
    phases: list[str] = []
    options = Options(
        accept_changes=True,
        test_identities=test_identities,
        progress=lambda phase, _done: phases.append(phase),
    )
    import_register(path=path, options=options)
    return [phase for number, phase in enumerate(phases) if phases[number - 1 : number] != [phase]]


def test_the_first_file_is_read_once_and_every_later_one_compared(tmp_path: Path) -> None:
    path = tmp_path / "register.txt"
    path.write_bytes(register(row(), row(rpps(2))))
    assert phases_of(path) == READ_ONCE
    path.write_bytes(register(row(nom="DURAND"), row(rpps(3))))
    assert phases_of(path) == READ_TWICE
    left = Person.objects.filter(left_register_at__isnull=False)
    assert [one.national_id for one in left] == [f"8{rpps(2)}"]


def test_a_first_file_in_which_somebody_is_met_again_is_read_anew(tmp_path: Path) -> None:
    path = tmp_path / "register.txt"
    path.write_bytes(register(row(), row(rpps(2)), row(code_savoir_faire="SM54")))
    assert phases_of(path) == ["reading", *READ_TWICE]
    assert Person.objects.count() == 2
    assert [known.code for known in person().exercices[0].savoir_faire] == ["SM54"]


def test_a_first_file_of_people_of_the_sandbox_leaves_them_their_subjects(tmp_path: Path) -> None:
    options = Options(test_identities=True, source=SANDBOX_SOURCE)
    import_register(path=SANDBOX_FILE, options=options)
    before = {found.pk for found in Person.objects.all()}
    assert phases_of(SANDBOX_FILE, test_identities=True) == ["reading", *READ_TWICE]
    assert {found.pk for found in Person.objects.all()} == before
