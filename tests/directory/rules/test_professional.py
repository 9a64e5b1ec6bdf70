"""`Professional`: names, titles, firsts, and the way to JSON and back."""

import json
from dataclasses import replace
from uuid import UUID

import pytest

from idp.directory.rules.activity import Activity
from idp.directory.rules.nomenclatures import PROFESSIONS
from idp.directory.rules.professional import (
    AlternativeIdentifier,
    Exercice,
    Professional,
    SavoirFaire,
)

DOCTOR = Exercice(
    code_profession="10",
    code_categorie_professionnelle="C",
    code_civilite="DR",
    nom="Lefèvre",
    prenom="Camille",
    savoir_faire=(SavoirFaire(code_type="S", code="SM54"),),
    activities=(Activity(code_postal="44990"), Activity(code_postal="44991")),
)
PERSON = Professional(
    person_id=UUID(int=1),
    national_id="899900000011",
    family_name="Lefèvre-Dupont",
    given_names="Camille Marie",
    civility="MME",
    is_test=True,
    alternative_identifiers=(
        AlternativeIdentifier(identifier="899900000011", origin="RPPS", quality=1),
    ),
    exercices=(DOCTOR,),
)


def test_json_gives_back_an_equal_professional() -> None:
    assert Professional.from_snapshot(json.loads(json.dumps(PERSON.to_snapshot()))) == PERSON


def test_the_name_of_exercise_is_shown_with_its_title() -> None:
    assert PERSON.display_name == "Dr Camille Lefèvre"


@pytest.mark.parametrize("civility", ["", "M", "MME", "XX"])
def test_a_civility_is_no_title(civility: str) -> None:
    person = replace(PERSON, exercices=(DOCTOR._replace(code_civilite=civility),))
    assert person.display_name == "Camille Lefèvre"


def test_a_professor_is_called_one() -> None:
    person = replace(PERSON, exercices=(DOCTOR._replace(code_civilite="PR"),))
    assert person.display_name == "Pr Camille Lefèvre"


def test_a_student_never_has_the_title_even_if_the_register_says_so() -> None:
    student = replace(PERSON, exercices=(DOCTOR._replace(code_categorie_professionnelle="E"),))
    assert student.display_name == "Camille Lefèvre"
    assert student.profession_label == "Médecin en formation"
    assert student.is_student


def test_no_student_of_any_profession_reads_as_one() -> None:
    for code in PROFESSIONS:
        exercice = DOCTOR._replace(code_profession=code, code_categorie_professionnelle="E")
        student = replace(PERSON, exercices=(exercice,))
        assert student.profession_label not in PROFESSIONS.values()
        assert "Dr" not in student.display_name


def test_a_professional_who_studies_is_no_student() -> None:
    studies = DOCTOR._replace(code_categorie_professionnelle="E")
    nurse = DOCTOR._replace(code_profession="60", code_civilite="")
    assert not replace(PERSON, exercices=(nurse, studies)).is_student


def test_a_person_without_exercice_has_a_name_and_no_profession() -> None:
    person = replace(PERSON, exercices=())
    assert person.display_name == "Camille Marie Lefèvre-Dupont"
    assert person.profession_label == ""
    assert not person.is_student
    assert person.first_exercice is None


def test_the_first_activity_is_the_first_of_the_first_exercice_that_has_one() -> None:
    retired = DOCTOR._replace(activities=())
    assert PERSON.first_activity == Activity(code_postal="44990")
    assert replace(PERSON, exercices=(retired, DOCTOR)).first_activity is DOCTOR.activities[0]
    assert replace(PERSON, exercices=(retired,)).first_activity is None
