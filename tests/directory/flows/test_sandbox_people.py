"""The sandbox file is in the official format, and covers what it says it covers."""

import re

import pytest

from idp.core.identifiers import parse_national_id
from idp.directory.flows.find import find_professional
from idp.directory.flows.importing import ImportSummary
from idp.directory.models import Exercice, Practice, SavoirFaire, Structure
from idp.directory.rules.activity import PLACE_FIELDS, PRACTICE_FIELDS, Activity
from idp.directory.rules.professional import Professional
from tests.directory.register import COLUMNS, SANDBOX_FILE

README = SANDBOX_FILE.with_name("README.md").read_text()
# slug, identifier, name, profession
PEOPLE = re.findall(r"^\| ([a-z-]+) \| (\w+) \| ([^|]+) \| ([^|]+) \|", README, re.MULTILINE)

pytestmark = pytest.mark.usefixtures("sandbox_people")


def person(slug: str) -> Professional:
    (identifier,) = (identifier for name, identifier, *_ in PEOPLE if name == slug)
    found = find_professional(identifier=identifier)
    assert found is not None
    return found


def test_nothing_in_it_is_malformed(sandbox_people: ImportSummary) -> None:
    assert sandbox_people.malformed == []
    assert sandbox_people.created == 20


def test_every_line_has_56_columns_and_an_empty_one() -> None:
    content = SANDBOX_FILE.read_bytes()
    assert b"\r" not in content
    assert b'"' not in content
    for line in content.decode().splitlines():
        assert line.count("|") == len(COLUMNS) == 56
        assert line.endswith("|")


def test_the_table_of_the_people_is_true() -> None:
    assert len(PEOPLE) == 20
    for slug, identifier, name, profession in PEOPLE:
        found = person(slug)
        assert found.display_name == name.strip()
        assert found.profession_label in profession
        assert parse_national_id(identifier).is_test


def test_every_telephone_number_is_kept_for_fiction() -> None:
    numbers = Structure.objects.values_list("telephone", "telephone2", "telecopie")
    for number in {value for numbers_of_one in numbers for value in numbers_of_one if value}:
        assert re.fullmatch("019900[0-9]{4}|063998[0-9]{4}", number)


def test_the_doctor_has_two_practices() -> None:
    doctor = person("doctor")
    assert [len(exercice.activities) for exercice in doctor.exercices] == [2]
    assert doctor.first_activity is not None
    assert doctor.first_activity.place == "Cabinet médical des Tilleuls"


def test_the_specialist_has_three_savoir_faire_in_two_practices() -> None:
    (exercice,) = person("specialist").exercices
    assert [known.code for known in exercice.savoir_faire] == ["SM04", "SM62", "C34"]
    assert len(exercice.activities) == 2


def test_the_pharmacist_is_in_section_a() -> None:
    activity = person("pharmacist").first_activity
    assert activity is not None
    assert activity.code_section_pharmacien == "A"


@pytest.mark.parametrize("slug", ["student", "student-pharmacist", "midwife-student"])
def test_students_are_students(slug: str) -> None:
    assert person(slug).is_student
    assert person(slug).profession_label.endswith("en formation")


def test_the_retired_doctor_is_a_doctor_without_practice() -> None:
    retired = person("retired")
    assert retired.profession_label == "Médecin"
    assert retired.first_activity is None


def test_two_professions_are_one_person() -> None:
    exercices = person("two-professions").exercices
    assert [exercice.profession_label for exercice in exercices] == ["Sage-Femme", "Infirmier"]


def test_a_nurse_at_medical_school_is_a_nurse_first() -> None:
    both = person("nurse-in-medical-school")
    assert [e.profession_label for e in both.exercices] == ["Infirmier", "Médecin en formation"]
    assert not both.is_student


def test_sixteen_practices_are_kept() -> None:
    assert len(person("sixteen-practices").exercices[0].activities) == 16


def test_a_locum_has_a_practice_without_a_place() -> None:
    activity = person("locum").first_activity
    assert activity is not None
    assert not activity.has_structure
    assert activity.code_mode_exercice == "L"


def test_tables_and_snapshots_say_the_same() -> None:
    for slug, *_ in PEOPLE:
        found = person(slug)
        rows = Exercice.objects.filter(person=found.person_id).order_by("rank")
        assert [row.code_profession for row in rows] == [
            exercice.code_profession for exercice in found.exercices
        ]
        kept = Practice.objects.select_related("structure").filter(person=found.person_id)
        for exercice in found.exercices:
            of = {
                "code_profession": exercice.code_profession,
                "code_categorie_professionnelle": exercice.code_categorie_professionnelle,
            }
            known = SavoirFaire.objects.filter(person=found.person_id, **of)
            assert {*known.values_list("code_type", "code")} == {*exercice.savoir_faire}
            assert [activity_of(row) for row in kept.filter(**of).order_by("rank")] == list(
                exercice.activities
            )


def activity_of(row: Practice) -> Activity:
    """A practice and its place, as the one value that the register has of them."""
    of_place = {name: getattr(row.structure, name, "") for name in PLACE_FIELDS}
    return Activity(**of_place, **{name: getattr(row, name) for name in PRACTICE_FIELDS})
