"""Rows of one person become one entry: nothing lost, nothing doubled, whatever their order."""

from itertools import product
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp.directory.rules.merge import JSON, RegisterEntry, merge_rows
from idp.directory.rules.professional import Exercice
from idp.directory.rules.register_row import RegisterRow, parse_row
from tests.directory.register import COLUMNS_READ, row

SPECIALITIES = ["SM04", "SM62", ""]
PLACES = ["F1", "F2", ""]
EXERCICES = [("10", "C"), ("10", "E"), ("60", "C")]


def read(**changes: str) -> RegisterRow:
    return parse_row(COLUMNS_READ, row(**changes).encode(), test_identities=False)


def a_row(speciality: str, place: str, exercice: tuple[str, str]) -> RegisterRow:
    return read(
        code_type_savoir_faire="S" if speciality else "",
        code_savoir_faire=speciality,
        identifiant_technique_structure=place,
        code_profession=exercice[0],
        code_categorie_professionnelle=exercice[1],
    )


value = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="|\n\r\0")
    | st.sampled_from('"\\\t\x1f\u2028'),
    max_size=20,
)


@given(st.lists(st.tuples(value, value, st.sampled_from(EXERCICES)), min_size=1, max_size=3))
def test_what_is_said_is_the_json_of_a_snapshot(said: list[tuple[str, str, Any]]) -> None:
    entry = merge_rows(
        [
            read(
                nom=f"M{nom}",
                raison_sociale_site=place,
                code_savoir_faire=place[:3],
                code_profession=profession,
                code_categorie_professionnelle=category,
            )
            for nom, place, (profession, category) in said
        ]
    )
    names = entry.family_name, entry.given_names, entry.civility
    assert entry.to_json() == JSON.encode((*names, entry.exercices))


some_rows = st.lists(
    st.builds(
        a_row, st.sampled_from(SPECIALITIES), st.sampled_from(PLACES), st.sampled_from(EXERCICES)
    ),
    min_size=1,
    max_size=8,
)


def codes(exercice: Exercice) -> list[str]:
    return [known.code for known in exercice.savoir_faire]


def places(exercice: Exercice) -> list[str]:
    return [activity.identifiant_technique_structure for activity in exercice.activities]


def test_savoir_faire_times_practices_merge_into_both_lists_without_repeats() -> None:
    # The national loader drops the savoir-faire of the later rows and repeats the practices.
    rows = [a_row(code, place, ("10", "C")) for code, place in product(("SM62", "SM04"), "BA")]
    (exercice,) = merge_rows(rows).exercices
    assert codes(exercice) == ["SM04", "SM62"]
    assert places(exercice) == ["A", "B"]


def test_a_second_practice_keeps_the_savoir_faire_of_its_row() -> None:
    rows = [a_row("SM04", "F1", ("10", "C")), a_row("SM62", "F2", ("10", "C"))]
    (exercice,) = merge_rows(rows).exercices
    assert codes(exercice) == ["SM04", "SM62"]


def test_student_and_professional_of_the_same_number_stay_apart() -> None:
    entry = merge_rows([a_row("", "F1", ("10", "E")), a_row("SM04", "F2", ("10", "C"))])
    assert [(e.code_categorie_professionnelle, places(e)) for e in entry.exercices] == [
        ("C", ["F2"]),
        ("E", ["F1"]),
    ]


def test_a_profession_comes_before_studies_whatever_their_numbers() -> None:
    entry = merge_rows([a_row("", "", ("10", "E")), a_row("", "", ("60", "C"))])
    assert [exercice.code_profession for exercice in entry.exercices] == ["60", "10"]


def test_the_ordinal_speciality_comes_first() -> None:
    capacity = read(code_type_savoir_faire="CAPA", code_savoir_faire="CAPA01")
    entry = merge_rows([capacity, a_row("SM04", "", ("10", "C"))])
    assert codes(entry.exercices[0]) == ["SM04", "CAPA01"]


def test_two_practices_that_differ_in_one_value_are_two() -> None:
    rows = [read(code_postal="75001"), read(code_postal="75002"), read(code_postal="75001")]
    assert len(merge_rows(rows).exercices[0].activities) == 2


def test_a_title_wins_over_none_when_rows_disagree() -> None:
    assert merge_rows([read(code_civilite=""), read()]).exercices[0].code_civilite == "DR"


@given(some_rows.flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_rows_never_matters(both: tuple[list[RegisterRow], list[RegisterRow]]) -> None:
    one, other = map(merge_rows, both)
    assert one == other
    assert one.fingerprint() == other.fingerprint()


@given(some_rows)
def test_repeating_rows_changes_nothing(rows: list[RegisterRow]) -> None:
    assert merge_rows(rows + rows) == merge_rows(rows)


@given(some_rows)
def test_nothing_of_any_row_is_lost(rows: list[RegisterRow]) -> None:
    entry = merge_rows(rows)
    for each in rows:
        exercice = exercice_of(entry, each)
        assert each.savoir_faire is None or each.savoir_faire in exercice.savoir_faire
        assert each.activity is None or each.activity in exercice.activities


@given(some_rows, some_rows)
def test_fingerprints_are_equal_only_for_equal_entries(
    rows: list[RegisterRow], others: list[RegisterRow]
) -> None:
    one, other = merge_rows(rows), merge_rows(others)
    assert (one.fingerprint() == other.fingerprint()) == (one == other)


def exercice_of(entry: RegisterEntry, wanted: RegisterRow) -> Exercice:
    (found,) = (
        exercice
        for exercice in entry.exercices
        if exercice.code_profession == wanted.code_profession
        and exercice.code_categorie_professionnelle == wanted.code_categorie_professionnelle
    )
    return found
