"""The 30 values of a practice."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from idp.directory.models import Practice, Structure
from idp.directory.rules.activity import (
    ACTIVITY_FIELDS,
    ACTIVITY_KEYS,
    PLACE_FIELDS,
    PRACTICE_FIELDS,
    Activity,
    activity_order,
)
from idp.directory.rules.register_columns import ACTIVITY_COLUMNS

activities = st.builds(
    Activity, **{field: st.sampled_from(["", "L", "S", "é'-"]) for field in ACTIVITY_FIELDS}
)


def test_there_are_exactly_thirty_keys_and_they_are_spelt_as_on_the_wire() -> None:
    keys = list(Activity().to_wire())
    assert len(keys) == 30
    assert keys[0] == "codeModeExercice"
    assert keys[-1] == "autoriteDenregistrement"
    assert {"numeroFinessetablissementJuridique", "codeSecteurDactivite", "adresseEMail"} < set(
        keys
    )


def test_an_empty_practice_has_empty_strings_never_null() -> None:
    assert set(Activity().to_wire().values()) == {""}


def test_value_wire_file_and_table_name_the_same_thirty_things() -> None:
    assert tuple(ACTIVITY_KEYS) == ACTIVITY_FIELDS
    assert set(ACTIVITY_COLUMNS) == set(ACTIVITY_FIELDS)
    # Of the place, shared, or of what one does there.
    assert set(PLACE_FIELDS) | set(PRACTICE_FIELDS) == set(ACTIVITY_FIELDS)
    assert set(PLACE_FIELDS) < {field.name for field in Structure._meta.get_fields()}
    assert set(PRACTICE_FIELDS) < {field.name for field in Practice._meta.get_fields()}


@given(activities)
def test_what_is_of_the_place_and_what_is_not_are_the_whole_of_it(activity: Activity) -> None:
    of = {
        **dict(zip(PLACE_FIELDS, activity.place_values, strict=True)),
        **dict(zip(PRACTICE_FIELDS, activity.practice_values, strict=True)),
    }
    assert Activity(**of) == activity


@given(activities)
def test_a_snapshot_gives_back_an_equal_practice(activity: Activity) -> None:
    assert Activity.from_snapshot(list(activity)) == activity


def test_a_snapshot_of_another_version_is_no_error() -> None:
    assert Activity.from_snapshot([*Activity(code_role="x"), "later"]).code_role == "x"
    assert Activity.from_snapshot(["L"]) == Activity(code_mode_exercice="L")


@given(st.lists(activities, max_size=6), st.randoms())
def test_the_first_practice_does_not_depend_on_the_order_given(
    some: list[Activity], chance: Random
) -> None:
    shuffled = chance.sample(some, len(some))
    assert sorted(some, key=activity_order) == sorted(shuffled, key=activity_order)


def test_a_place_comes_before_none_and_one_s_own_account_before_salaried() -> None:
    own = Activity(code_mode_exercice="L", identifiant_technique_structure="R2")
    salaried = Activity(code_mode_exercice="S", identifiant_technique_structure="F1")
    voluntary = Activity(code_mode_exercice="B", identifiant_technique_structure="F1")
    nowhere = Activity(code_mode_exercice="L")
    assert sorted([nowhere, voluntary, salaried, own], key=activity_order) == [
        own, salaried, voluntary, nowhere,
    ]  # fmt: skip


def test_the_sign_over_the_door_names_the_place() -> None:
    both = Activity(raison_sociale_site="SELARL X", enseigne_commerciale_site="Pharmacie X")
    assert both.place == "Pharmacie X"
    assert Activity(raison_sociale_site="SELARL X").place == "SELARL X"
