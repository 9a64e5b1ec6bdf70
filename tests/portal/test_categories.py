"""The demonstration portal, which others copy: the category is read before the profession."""

import pytest

from examples.portal import words
from examples.portal.professional import Professional, read_professional

CODES = [f"{code:02d}" for code in range(100)] + ["", "100", "1O"]


def person(code: str, category: str, civility: str = "M") -> Professional:
    exercice = {
        "codeProfession": code,
        "codeCategorieProfessionnelle": category,
        "codeCiviliteDexercice": "DR",
        "codeSavoirFaire": "SM04",
        "prenomDexercice": "Inès",
        "nomDexercice": "Özdemir",
        "activities": [{"raisonSocialeSite": "CHU"}],
    }
    refpro = {"exercices": [exercice]}
    return read_professional({"codeCivilite": civility, "SubjectRefPro": refpro})


def said(known: Professional) -> set[str]:
    """Everything the page says of the profession."""
    return {known.role, *(practice.profession for practice in known.practices)}


@pytest.mark.parametrize("civility", ["M", "MME"])
def test_no_student_reads_as_any_professional(civility: str) -> None:
    practising = set[str]().union(
        *(said(person(code, each, civility)) for code in CODES for each in ("C", "M", "F"))
    )
    assert "cardiologue" in practising
    for code in CODES:
        student = person(code, "E", civility)
        assert student.is_student
        assert said(student).isdisjoint(practising)
        assert all(each.startswith(("étudiant en", "étudiante en")) for each in said(student))
        assert student.name == "Inès Özdemir"


@pytest.mark.parametrize("category", ["", "X", "e", "ETUDIANT"])
def test_a_category_that_is_not_known_says_no_profession(category: str) -> None:
    for code in words.PROFESSIONS:
        someone = person(code, category)
        assert said(someone) == {"statut non précisé"}
        assert someone.name == "Inès Özdemir"
