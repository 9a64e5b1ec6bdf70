"""The 30 values of a practice."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from idp.directory.models import Activity as ActivityRow
from idp.directory.rules.activity import ACTIVITY_FIELDS, ACTIVITY_KEYS, Activity, activity_order
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
    columns = {field.name for field in ActivityRow._meta.get_fields()}
    assert tuple(ACTIVITY_KEYS) == ACTIVITY_FIELDS
    assert set(ACTIVITY_COLUMNS) == set(ACTIVITY_FIELDS)
    assert columns == {"id", "exercice", "rank", *ACTIVITY_FIELDS}


@given(activities)
def test_a_snapshot_gives_back_an_equal_practice(activity: Activity) -> None:
    assert Activity.from_snapshot(activity.to_snapshot()) == activity


def test_a_field_of_another_version_is_no_error() -> None:
    assert Activity.from_snapshot({"code_postal": "75001", "gone": "x"}).code_postal == "75001"


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
