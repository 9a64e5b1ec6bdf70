"""The open file and the restricted extraction tell of the same people: neither undoes the other."""

import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from idp.core.errors import IdpError
from idp.directory.flows.find import find_professional
from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import ImportSummary, Options, TooManyChangesError
from idp.directory.flows.roll_back_import import roll_back_import
from idp.directory.models import ImportBatch, Person, Practice
from idp.directory.models.people import SANDBOX_SOURCE
from idp.directory.rules.register_columns import RefusedFileError
from tests.directory.digest import directory_digest
from tests.directory.register import HEADER, PRACTICE, fictitious_rpps, register, row, rpps

pytestmark = pytest.mark.django_db
Import = Callable[..., ImportSummary]
PEOPLE = range(1, 41)
CIVIL_NAMES = HEADER + "Nom de famille|Prénoms|"


def open_file(**of_the_first: str) -> bytes:
    first = row(rpps(1), **of_the_first)
    return register(first, *(row(rpps(number)) for number in PEOPLE[1:]))


def extraction(name: str = "DURAND", *, named: int = len(PEOPLE)) -> bytes:
    """`named`: of so many people another civil name than that of exercise."""
    rows = [
        row(rpps(number)) + f"{name if number <= named else 'MARTIN'}|Jean|" for number in PEOPLE
    ]
    return register(*rows, header=CIVIL_NAMES)


@pytest.fixture
def import_guarded(tmp_path: Path, db: None) -> Import:
    def do(content: bytes, name: str = "register.txt") -> ImportSummary:
        path = tmp_path / name
        path.write_bytes(content)
        return import_register(path=path)

    return do


def test_the_guard_knows_people_of_the_other_kind_of_file(
    import_guarded: Import, import_bytes: Import
) -> None:
    import_guarded(open_file())
    before = directory_digest()
    with pytest.raises(TooManyChangesError, match="40 of 40 people would change"):
        import_guarded(extraction())
    assert directory_digest() == before
    assert import_bytes(extraction()).changed == len(PEOPLE)
    # And back.
    with pytest.raises(TooManyChangesError, match="40 of 40 people would change"):
        import_guarded(open_file(prenom="Jeanne"))


def test_people_of_the_sandbox_are_taken_over_by_the_first_file(tmp_path: Path) -> None:
    path = tmp_path / "people.txt"
    for name, source in (("MARTIN", SANDBOX_SOURCE), ("DURAND", "")):
        path.write_bytes(register(*(row(fictitious_rpps(n), nom=name) for n in range(3))))
        summary = import_register(path=path, options=Options(test_identities=True, source=source))
    assert (summary.created, summary.changed) == (0, 3)


def test_a_few_changes_by_the_other_kind_of_file_pass_the_guard(import_guarded: Import) -> None:
    import_guarded(open_file())
    summary = import_guarded(extraction(named=2))
    assert (summary.changed, summary.unchanged) == (2, len(PEOPLE) - 2)


def test_an_import_is_not_taken_back_over_news_of_the_other_kind(import_bytes: Import) -> None:
    import_bytes(open_file())
    changed = import_bytes(open_file(prenom="Jeanne"), name="later.txt")
    other = import_bytes(extraction(), name="extraction.txt")
    before = directory_digest()
    with pytest.raises(IdpError, match=f"import {other.batch} .psc. changed the same people"):
        roll_back_import(batch_id=changed.batch)
    assert directory_digest() == before
    assert roll_back_import(batch_id=other.batch) == len(PEOPLE)
    roll_back_import(batch_id=changed.batch)
    found = find_professional(identifier=f"8{rpps(1)}")
    assert found is not None
    assert found.exercices[0].prenom == "Jean"
    # What was taken back is not taken for the same file.
    assert import_bytes(extraction(), name="extraction.txt").changed == len(PEOPLE)
    assert set(Person.objects.values_list("family_name", flat=True)) == {"DURAND"}


def test_news_of_the_other_kind_of_other_people_do_not_matter(import_bytes: Import) -> None:
    import_bytes(open_file())
    changed = import_bytes(open_file(prenom="Jeanne"), name="later.txt")
    line = row(rpps(99)) + "DURAND|Jean|"
    import_bytes(register(line, header=CIVIL_NAMES), name="extraction.txt")
    assert roll_back_import(batch_id=changed.batch) == 1


def test_nor_is_it_where_what_the_other_kind_changed_is_kept_no_more(import_bytes: Import) -> None:
    import_bytes(open_file())
    changed = import_bytes(open_file(prenom="Jeanne"), name="later.txt")
    other = import_bytes(extraction(), name="extraction.txt")
    ImportBatch.objects.get(pk=other.batch).former.all().delete()
    with pytest.raises(IdpError, match="changed the same people since"):
        roll_back_import(batch_id=changed.batch)


def archive(path: Path, day: str, content: bytes, *, other: str = "") -> Path:
    """As the register sends it every day, under one name."""
    path.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(f"PS_LibreAcces_Personne_activite_{day}0730.txt", content)
        file.writestr(f"PS_LibreAcces_SavoirFaire_{other or day}0730.txt", "")
    return path


def test_an_archive_is_as_old_as_the_file_in_it(tmp_path: Path) -> None:
    name = "PS_LibreAcces.zip"
    begun = register(row(**PRACTICE), row(rpps(2)))
    import_register(path=archive(tmp_path / name, "20261124", begun, other="20261125"))
    assert Practice.objects.get().since == date(2026, 11, 24)
    ended = register(row(), row(rpps(2)))
    older = archive(tmp_path / name, "20261123", ended, other="20261125")
    with pytest.raises(RefusedFileError, match="older than the last import, of 2026-11-24"):
        import_register(path=older)
    assert Practice.objects.get().until is None
    accepted = Options(allow_older=True, accept_changes=True)
    assert import_register(path=older, options=accepted).changed == 1


def test_the_name_of_an_archive_counts_where_that_of_the_file_says_no_day(tmp_path: Path) -> None:
    path = tmp_path / "PS_LibreAcces_202611240730.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("people.txt", register(row(**PRACTICE)))
    import_register(path=path)
    assert Practice.objects.get().since == date(2026, 11, 24)


def test_a_file_of_no_day_makes_none_of_those_before_it_forgotten(tmp_path: Path) -> None:
    rows = [row(rpps(number)) for number in PEOPLE]
    names = [f"PS_{day}0730.txt" for day in ("20261124", "20261123")]
    for name, people in (
        (names[0], rows),
        ("register.txt", rows[:-1]),
        (names[1], rows[:-2]),
    ):
        path = tmp_path / name
        path.write_bytes(register(*people))
        if name == names[1]:
            with pytest.raises(RefusedFileError, match="older than the last import, of 2026-11-24"):
                import_register(path=path)
        else:
            import_register(path=path)


def told() -> dict[str, object]:
    """What portals are told, by number."""
    return dict(Person.objects.values_list("national_id", "snapshot"))


def test_who_entered_by_the_first_extraction_has_left_when_it_is_taken_back(
    import_bytes: Import,
) -> None:
    import_bytes(open_file())
    before = told()
    newcomer = row(rpps(50), **PRACTICE) + "DURAND|Jean|"
    whole = extraction() + f"{newcomer}\n".encode()
    batch = import_bytes(whole, name="psc.txt").batch
    assert roll_back_import(batch_id=batch) == len(PEOPLE) + 1
    person = Person.objects.get(national_id=f"8{rpps(50)}")
    assert person.left_register_at is not None
    assert {who: said for who, said in told().items() if who != person.national_id} == before
    # And enters again, with all that is said of them.
    assert import_bytes(whole, name="again.txt").created == 1
    assert Practice.objects.filter(person__national_id=f"8{rpps(50)}", until=None).count() == 1


def test_whom_an_extraction_took_over_with_no_other_news_is_the_open_file_s_again(
    import_bytes: Import,
) -> None:
    import_bytes(open_file())
    batch = import_bytes(extraction(named=1), name="psc.txt").batch
    assert Person.objects.filter(source="psc").count() == len(PEOPLE)
    roll_back_import(batch_id=batch)
    assert set(Person.objects.values_list("source", flat=True)) == {"personne_activite"}
    without_the_last = open_file().rsplit(b"\n", 2)[0] + b"\n"
    assert import_bytes(without_the_last, name="next.txt").ended == 1


def test_the_first_file_of_all_is_not_taken_back_though_it_changed_the_sandbox(
    import_bytes: Import,
) -> None:
    import_bytes(open_file())
    ImportBatch.objects.update(kind=SANDBOX_SOURCE)
    Person.objects.update(source=SANDBOX_SOURCE)
    batch = import_bytes(open_file(nom="AUTRE"), name="first.txt").batch
    with pytest.raises(IdpError, match="first import"):
        roll_back_import(batch_id=batch)


def test_a_file_of_a_day_to_come_is_refused(tmp_path: Path) -> None:
    """Else every later file would be older."""
    path = tmp_path / "PS_LibreAcces_Personne_activite_209901010000.txt"
    path.write_bytes(open_file())
    with pytest.raises(RefusedFileError, match="2099-01-01 00:00, which is to come"):
        import_register(path=path, options=Options(allow_older=True))
    assert not Person.objects.exists()
