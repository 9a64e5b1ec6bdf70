"""A student never reads as the profession."""

import pytest

from idp.directory.rules.nomenclatures import (
    CATEGORIES_IN_PRACTICE,
    PROFESSIONS,
    PROFESSIONS_EN_FORMATION,
    profession_label,
)

EVERY_CODE = [f"{code:02d}" for code in range(1000)] + ["", "?", "10 ", "010"]


def test_category_e_never_reads_as_the_profession_whatever_the_code() -> None:
    for code in EVERY_CODE:
        label = profession_label(code, "E")
        assert label not in PROFESSIONS.values()
        assert "en formation" in label


def test_an_intern_is_a_physician_in_training() -> None:
    assert profession_label("10", "E") == "Médecin en formation"


@pytest.mark.parametrize("category", sorted(CATEGORIES_IN_PRACTICE))
def test_who_practises_reads_as_the_profession(category: str) -> None:
    for code, label in PROFESSIONS.items():
        assert profession_label(code, category) == label


@pytest.mark.parametrize("category", ["", "X", "e", "EC", " C"])
def test_a_category_that_is_not_known_to_practise_is_not_said_to(category: str) -> None:
    for code in EVERY_CODE:
        label = profession_label(code, category)
        assert label not in PROFESSIONS.values()
        assert label not in PROFESSIONS_EN_FORMATION.values()


def test_an_unknown_code_is_kept_and_shown() -> None:
    assert profession_label("77", "C") == "Profession de santé (code 77)"
    assert "77" in profession_label("77", "E")


def test_93_is_a_psychologist_not_a_nursing_assistant() -> None:
    assert profession_label("93", "C") == "Psychologue"


def test_every_profession_in_training_belongs_to_a_profession() -> None:
    for code, label in PROFESSIONS_EN_FORMATION.items():
        assert label == f"{PROFESSIONS[code]} en formation"
