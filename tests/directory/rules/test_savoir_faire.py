"""Savoir-faire that two files say: together, each once, of professions practised alone."""

from dataclasses import replace
from random import Random
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from idp.directory.rules.official_headers import OPEN_FILE, RESTRICTED_FILE, SAVOIR_FAIRE_FILE
from idp.directory.rules.professional import Exercice, Professional, SavoirFaire
from idp.directory.rules.register_columns import holds_savoir_faire
from idp.directory.rules.savoir_faire import each_once, with_listed, with_savoir_faire

CARDIOLOGY, SURGERY = SavoirFaire("S", "SM04"), SavoirFaire("S", "SM62")
CAPACITY = SavoirFaire("CAPA", "CAPA01")
PHYSICIAN = Exercice(
    code_profession="10", code_categorie_professionnelle="C", savoir_faire=(SURGERY,)
)
STUDENT = Exercice(code_profession="10", code_categorie_professionnelle="E")

known = st.builds(SavoirFaire, st.sampled_from(["S", "C", "CAPA"]), st.sampled_from(["1", "2"]))


@given(st.lists(known), st.randoms())
def test_each_is_shown_once_in_an_order_of_its_own(
    given: list[SavoirFaire], chance: Random
) -> None:
    shuffled = [*given, *given]
    chance.shuffle(shuffled)
    assert each_once(shuffled) == each_once(given)
    assert {*each_once(given)} == {*given}


def test_the_ordinal_speciality_comes_first() -> None:
    assert each_once([CAPACITY, SURGERY, CARDIOLOGY]) == (CARDIOLOGY, SURGERY, CAPACITY)


def test_what_is_listed_joins_the_exercice_of_its_profession_and_category() -> None:
    listed = {("10", "C"): [CAPACITY, CARDIOLOGY, SURGERY], ("60", "C"): [CAPACITY]}
    physician, student = with_listed([PHYSICIAN, STUDENT], listed)
    assert physician.savoir_faire == (CARDIOLOGY, SURGERY, CAPACITY)
    assert student == STUDENT


def test_nothing_listed_changes_nothing() -> None:
    assert with_listed([PHYSICIAN, STUDENT], {}) == (PHYSICIAN, STUDENT)


def test_a_snapshot_takes_the_savoir_faire_given_and_keeps_the_rest() -> None:
    person = Professional(
        person_id=UUID(int=1),
        national_id="899900000011",
        family_name="LEFÈVRE",
        given_names="Camille",
        exercices=(PHYSICIAN, STUDENT),
    )
    said = {("10", "C"): [CAPACITY, CARDIOLOGY], ("60", "C"): [CARDIOLOGY]}
    rendered = with_savoir_faire(person.to_snapshot(), said)
    known = PHYSICIAN._replace(savoir_faire=(CARDIOLOGY, CAPACITY))
    assert Professional.from_snapshot(rendered) == replace(person, exercices=(known, STUDENT))
    before = with_savoir_faire(rendered, {("10", "C"): PHYSICIAN.savoir_faire})
    assert before == person.to_snapshot()


def test_the_file_is_known_by_its_header() -> None:
    def header(columns: tuple[str, ...]) -> bytes:
        return "|".join((*columns, "")).encode()

    assert holds_savoir_faire(header(SAVOIR_FAIRE_FILE))
    assert holds_savoir_faire(header((*SAVOIR_FAIRE_FILE, "Une colonne de plus")))
    assert not holds_savoir_faire(header(OPEN_FILE))
    assert not holds_savoir_faire(header(RESTRICTED_FILE))
