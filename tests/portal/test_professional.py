"""The claims read into words."""

from typing import Any

import pytest

from examples.portal.professional import Proof, read_professional, read_proof
from examples.portal.provider import Login
from tests.portal.people import activity, doctor, exercice, person


def test_a_doctor_is_greeted_with_title_speciality_and_grouped_number() -> None:
    someone = read_professional(doctor())
    assert someone.name == "Dr Camille Lefèvre"
    assert someone.role == "médecin généraliste"
    assert someone.national_id == "8 9990 0000 011"
    assert not someone.is_student


def test_a_practice_says_where_and_how() -> None:
    practice = read_professional(doctor()).practices[0]
    assert practice.address == "12 rue des Lilas, 69003 LYON"
    assert (practice.sector, practice.mode) == ("cabinet individuel", "libéral")
    assert len(read_professional(doctor()).practices) == 2


def test_a_number_that_repeats_is_said_in_full() -> None:
    place = activity(numeroVoie="3", indiceRepetitionVoie="B", codeTypeDeVoie="QU")
    address = read_professional(person(exercice(place))).practices[0].address
    assert address.startswith("3 bis quai des Lilas")


def test_a_city_without_its_code_gets_it() -> None:
    place = activity(bureauCedex="LYON", libelleVoie="", numeroVoie="", codeTypeDeVoie="")
    assert read_professional(person(exercice(place))).practices[0].address == "69003 LYON"


def test_a_student_never_reads_as_a_doctor() -> None:
    someone = read_professional(person(exercice(activity(), codeCategorieProfessionnelle="E")))
    assert someone.name == "Camille Lefèvre"
    assert someone.role == "étudiante en médecine"
    assert someone.is_student
    assert someone.practices[0].profession == "étudiante en médecine"


def test_a_professional_who_studies_elsewhere_is_both() -> None:
    nurse = exercice(codeProfession="60", codeSavoirFaire="", codeCiviliteDexercice="")
    student = exercice(codeCategorieProfessionnelle="E")
    someone = read_professional(person(nurse, student, codeCivilite="M"))
    assert someone.role == "infirmier et étudiant en médecine"
    assert not someone.is_student


def test_several_specialities_are_all_said_and_the_bare_profession_is_not() -> None:
    someone = read_professional(
        person(*(exercice(codeSavoirFaire=code) for code in ("SM04", "SM62", "C99", "SM04")))
    )
    assert someone.role == "cardiologue et endocrinologue"


def test_two_professions_in_one_person_are_both_said() -> None:
    two = [exercice(codeProfession=code, codeSavoirFaire="") for code in ("50", "60")]
    assert read_professional(person(*two)).role == "sage-femme et infirmière"


def test_a_person_without_practice_has_no_exercice_at_all() -> None:
    userinfo = doctor()
    del userinfo["SubjectRefPro"]
    someone = read_professional(userinfo)
    assert (someone.name, someone.role, someone.practices) == ("Camille Lefèvre", "", ())
    assert not someone.is_student


def test_an_unknown_profession_and_a_place_without_structure_are_still_words() -> None:
    place = activity(raisonSocialeSite="")
    someone = read_professional(person(exercice(place, codeProfession="99", codeSavoirFaire="")))
    assert someone.role == "professionnelle de santé"
    assert someone.practices[0].name == "Sans structure"


@pytest.mark.parametrize("identifier", ["00B9100017", "ANS20231122132732", ""])
def test_an_identifier_that_is_no_rpps_is_shown_as_it_is(identifier: str) -> None:
    assert read_professional({"SubjectNameID": identifier}).national_id == identifier


def proof_of(userinfo: dict[str, Any], **claims: Any) -> Proof:
    claims = {"iat": 1795010700, "auth_time": 1795010700, **claims}
    return read_proof(Login(tokens={}, claims=claims, userinfo=userinfo))


def test_the_proof_says_how_how_strongly_and_when() -> None:
    proof = proof_of({"authMode": "MOBILE"}, acr="eidas1")
    assert proof.means == "téléphone (e-CPS)"
    assert proof.level == "eidas1"
    assert proof.at == "18 novembre 2026, 15\N{NO-BREAK SPACE}h\N{NO-BREAK SPACE}05"
    assert not proof.is_test


def test_the_first_of_a_month_is_said_as_people_say_it() -> None:
    assert proof_of({}, auth_time=1793520000).at.startswith("1er novembre 2026, ")


@pytest.mark.parametrize(
    ("userinfo", "claims"), [({"authMode": "CARD_TEST"}, {}), ({}, {"amr": ["test"]})]
)
def test_a_test_login_is_marked(userinfo: dict[str, Any], claims: dict[str, Any]) -> None:
    assert proof_of(userinfo, **claims).is_test


def test_an_unknown_level_or_means_is_shown_as_it_is() -> None:
    proof = proof_of({"authMode": "WEBAUTHN"}, acr="loa9")
    assert (proof.means, proof.level) == ("WEBAUTHN", "loa9")
    assert proof_of({}).means == "non dit"
