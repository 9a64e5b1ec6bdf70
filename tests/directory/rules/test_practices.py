"""A practice among several: its key, and the claims' first one."""

from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from idp.directory.rules.activity import Activity
from idp.directory.rules.practices import (
    KEY_LENGTH,
    key_of,
    leading_with,
    practice_named,
    practices_of,
)
from idp.directory.rules.professional import Exercice, Professional

CABINET = Activity(identifiant_technique_structure="R1", code_mode_exercice="L")
HOSPITAL = Activity(identifiant_technique_structure="F1", code_mode_exercice="S")
NOWHERE = Activity(code_mode_exercice="L", raison_sociale_site="REMPLACEMENTS")
PHYSICIAN = Exercice(
    code_profession="10", code_categorie_professionnelle="C", activities=(CABINET, HOSPITAL)
)
NURSE = Exercice(
    code_profession="60", code_categorie_professionnelle="C", activities=(HOSPITAL, NOWHERE)
)


def person(*exercices: Exercice) -> Professional:
    return Professional(
        person_id=uuid4(),
        national_id="899900000011",
        family_name="A",
        given_names="B",
        exercices=exercices,
    )


def test_each_profession_at_each_place_is_one_in_the_order_of_the_claims() -> None:
    found = practices_of(person(PHYSICIAN, NURSE))
    assert [(each.exercice.code_profession, each.activity) for each in found] == [
        ("10", CABINET),
        ("10", HOSPITAL),
        ("60", HOSPITAL),
        ("60", NOWHERE),
    ]
    assert len({each.key for each in found}) == 4


def test_two_that_cannot_be_told_apart_are_one() -> None:
    twice = PHYSICIAN._replace(activities=(CABINET, CABINET._replace(telephone="01")))
    assert [each.activity for each in practices_of(person(twice))] == [CABINET]


def test_a_new_telephone_number_leaves_the_key_as_it_is() -> None:
    moved = CABINET._replace(telephone="01", libelle_voie="PASTEUR", raison_sociale_site="X")
    assert key_of(PHYSICIAN, moved) == key_of(PHYSICIAN, CABINET)


def test_another_role_or_category_is_another_practice() -> None:
    key = key_of(PHYSICIAN, CABINET)
    assert key_of(PHYSICIAN, CABINET._replace(code_role="FON-01")) != key
    student = PHYSICIAN._replace(code_categorie_professionnelle="E")
    assert key_of(student, CABINET) != key
    assert len(key) == KEY_LENGTH


def test_the_chosen_one_leads_and_nothing_is_lost() -> None:
    known = person(PHYSICIAN, NURSE)
    led = leading_with(known, key_of(NURSE, NOWHERE))
    assert led.first_activity == NOWHERE
    assert led.exercices[0].code_profession == "60"
    assert {each.key for each in practices_of(led)} == {each.key for each in practices_of(known)}
    assert led.exercices[1] == PHYSICIAN


def test_one_that_is_over_or_none_changes_nothing() -> None:
    known = person(PHYSICIAN, NURSE)
    assert leading_with(known, "") is known
    assert leading_with(known, "0" * KEY_LENGTH) is known
    assert practice_named(known, "") is None


@given(st.lists(st.text(max_size=3), min_size=8, max_size=8), st.data())
def test_no_two_lists_of_values_share_a_key(values: list[str], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.text(max_size=3), min_size=8, max_size=8))

    def key(parts: list[str]) -> str:
        names = ("identifiant_technique_structure", "code_mode_exercice", "code_secteur_activite")
        more = ("code_section_pharmacien", "code_role", "code_genre_activite")
        return key_of(
            Exercice(code_profession=parts[0], code_categorie_professionnelle=parts[1]),
            Activity(**dict(zip((*names, *more), ["x" + parts[2], *parts[3:]], strict=True))),
        )

    assert (key(values) == key(other)) == (values == other)
