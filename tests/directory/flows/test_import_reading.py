"""What is read of a register file, in which encoding, and by how many processes."""

from collections.abc import Callable

import pytest

from idp.directory.flows.import_register import ImportSummary
from idp.directory.gateways import processes, register_file
from idp.directory.models import Person, Practice, Structure
from idp.directory.rules.register_columns import EXTRACTION_COLUMNS
from tests.directory.flows.test_import_register import counts, person
from tests.directory.register import NAMES, PRACTICE, register, row, row_of, rpps

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
