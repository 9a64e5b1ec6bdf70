"""What the register once said stays, dated: practices, professions, and the places they were at."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import connection

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows import batches
from idp.directory.flows.find import find_professional
from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import ImportSummary
from idp.directory.flows.roll_back_import import roll_back_import
from idp.directory.models import Exercice, FormerState, Person, Practice, Structure
from idp.directory.rules.stored_rows import ENTERING
from tests.directory.register import PRACTICE, register, row, rpps

pytestmark = pytest.mark.django_db
Import = Callable[..., ImportSummary]
ELSEWHERE = {**PRACTICE, "identifiant_technique_structure": "F750000001", "code_role": "FON-01"}
# Three people who stay as they are: what changes of others is then little enough.
OTHERS = [row(rpps(number)) for number in range(2, 5)]


def on(day: int, import_bytes: Import, *rows: str) -> ImportSummary:
    with clock.frozen(datetime(2026, 11, day, tzinfo=UTC)):
        return import_bytes(register(*rows, *OTHERS))


def practices() -> list[tuple[str, int, int | None]]:
    """Place, first day, and the first day without it."""
    found = Practice.objects.select_related("structure").order_by("since", "pk")
    return [
        (
            str(each.structure and each.structure.identifiant_technique_structure),
            each.since.day,
            each.until.day if each.until else None,
        )
        for each in found
    ]


def places() -> list[str]:
    found = find_professional(identifier=f"8{rpps(1)}")
    assert found is not None
    return [
        activity.identifiant_technique_structure
        for exercice in found.exercices
        for activity in exercice.activities
    ]


def test_a_practice_that_ends_is_kept_with_its_days(import_bytes: Import) -> None:
    on(1, import_bytes, row(**PRACTICE))
    on(2, import_bytes, row(**PRACTICE), row(**ELSEWHERE))
    on(3, import_bytes, row(**ELSEWHERE))
    assert practices() == [("R95141", 1, 3), ("F750000001", 2, None)]
    assert places() == ["F750000001"]


def test_a_practice_that_begins_again_is_another_row(import_bytes: Import) -> None:
    on(1, import_bytes, row(**PRACTICE))
    on(2, import_bytes, row(**ELSEWHERE))
    on(3, import_bytes, row(**PRACTICE))
    assert practices() == [("R95141", 1, 2), ("F750000001", 2, 3), ("R95141", 3, None)]


def test_the_day_is_the_one_that_the_file_s_name_says(import_bytes: Import) -> None:
    with clock.frozen(datetime(2026, 11, 9, tzinfo=UTC)):
        import_bytes(register(row(**PRACTICE)), name="PS_LibreAcces_202611080730.txt")
    assert Practice.objects.get().since == date(2026, 11, 8)


def test_who_leaves_ends_every_practice_and_who_comes_back_begins(import_bytes: Import) -> None:
    on(1, import_bytes, row(**PRACTICE))
    on(2, import_bytes)
    assert practices() == [("R95141", 1, 2)]
    gone = Exercice.objects.get(person__national_id=f"8{rpps(1)}")
    assert (gone.since.day, gone.until and gone.until.day) == (1, 2)
    on(3, import_bytes, row(**PRACTICE))
    assert practices() == [("R95141", 1, 2), ("R95141", 3, None)]
    assert places() == ["R95141"]


def test_a_place_is_shared_and_follows_what_is_said_of_it(import_bytes: Import) -> None:
    colleague = row(rpps(9), **PRACTICE)
    on(1, import_bytes, row(**PRACTICE), colleague)
    assert Structure.objects.count() == 1
    moved = {**PRACTICE, "libelle_voie": "PASTEUR"}
    on(2, import_bytes, row(**moved), row(rpps(9), **moved))
    assert Structure.objects.get().libelle_voie == "PASTEUR"
    # The same practice: its place has moved, it has not ended.
    assert practices() == [("R95141", 1, None), ("R95141", 1, None)]


def test_places_without_an_identifier_are_told_apart_by_all_that_is_said(
    import_bytes: Import,
) -> None:
    on(
        1,
        import_bytes,
        row(raison_sociale_site="CABINET", code_postal="75001"),
        row(raison_sociale_site="CABINET", code_postal="13001"),
        row(code_mode_exercice="S"),
    )
    assert sorted(Structure.objects.values_list("code_postal", flat=True)) == ["13001", "75001"]
    assert Practice.objects.filter(structure=None).count() == 1


def practices_ended() -> int | None:
    """The day on which the last practice of the first person ended."""
    ended = Person.objects.get(national_id=f"8{rpps(1)}").practices_ended_on
    return ended.day if ended else None


def test_the_day_on_which_every_practice_ended_is_kept_until_one_begins(
    import_bytes: Import,
) -> None:
    on(1, import_bytes, row(**PRACTICE), row(**ELSEWHERE))
    assert practices_ended() is None
    on(2, import_bytes, row(**ELSEWHERE))
    assert practices_ended() is None
    on(3, import_bytes, row())
    assert practices_ended() == 3
    on(4, import_bytes, row(nom="DURAND"))
    assert practices_ended() == 3
    last = on(5, import_bytes, row(**PRACTICE))
    assert practices_ended() is None
    roll_back_import(batch_id=last.batch)
    assert practices_ended() == 3


def test_who_never_practised_has_not_ended_and_who_comes_back_without_has(
    import_bytes: Import,
) -> None:
    on(1, import_bytes, row())
    on(2, import_bytes, row(nom="DURAND"))
    assert practices_ended() is None
    on(3, import_bytes, row(**PRACTICE))
    on(4, import_bytes)
    assert practices_ended() is None
    last = on(5, import_bytes, row())
    assert practices_ended() == 4
    roll_back_import(batch_id=last.batch)
    # Who has left has left: that says it all.
    assert practices_ended() is None


def test_an_import_taken_back_leaves_no_trace_in_the_days(import_bytes: Import) -> None:
    on(1, import_bytes, row(**PRACTICE, code_type_savoir_faire="S", code_savoir_faire="SM04"))
    before = (practices(), list(Exercice.objects.order_by("pk").values()), places())
    last = on(2, import_bytes, row(**ELSEWHERE, nom="DURAND"), row(rpps(8), **PRACTICE))
    assert practices() != before[0]
    roll_back_import(batch_id=last.batch)
    assert (practices(), list(Exercice.objects.order_by("pk").values()), places()) == before
    person = Person.objects.get(national_id=f"8{rpps(1)}")
    assert list(person.savoir_faire.values_list("code", flat=True)) == ["SM04"]
    # Who entered by it is gone, and comes back as new rows under the old subject.
    entered = Person.objects.get(national_id=f"8{rpps(8)}")
    assert entered.left_register_at is not None
    on(3, import_bytes, row(**PRACTICE), row(rpps(8), **PRACTICE))
    assert Person.objects.get(national_id=f"8{rpps(8)}").left_register_at is None
    assert entered.practices.get().since.day == 3


def test_who_had_left_before_an_import_taken_back_has_left_again(import_bytes: Import) -> None:
    on(1, import_bytes, row(**PRACTICE))
    on(2, import_bytes)
    before = practices()
    last = on(3, import_bytes, row(**PRACTICE))
    roll_back_import(batch_id=last.batch)
    assert practices() == before
    left = Person.objects.get(national_id=f"8{rpps(1)}").left_register_at
    assert left is not None
    assert left.day == 2


def test_only_the_last_imports_can_be_taken_back(
    import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "KEPT_BATCHES", 2)
    made = [on(day, import_bytes, row(nom=f"N{day}")).batch for day in range(1, 6)]
    assert set(FormerState.objects.values_list("batch", flat=True)) == set(made[-2:])
    for batch in made[:2:-1]:
        roll_back_import(batch_id=batch)
    with pytest.raises(IdpError, match="no longer kept"):
        roll_back_import(batch_id=made[2])
    assert find_professional(identifier=f"8{rpps(1)}").family_name == "N3"  # type: ignore[union-attr]


def test_the_database_looks_again_at_no_row_of_an_import() -> None:
    """What a foreign key checks it locks: each of two million people would be written twice."""
    with connection.cursor() as cursor:
        for table in ENTERING:
            constraints = connection.introspection.get_constraints(cursor, f"directory_{table}")
            assert not [name for name, each in constraints.items() if each["foreign_key"]], table


@pytest.mark.parametrize("name", ["MARTIN", "DURAND"])
def test_who_comes_back_is_counted_as_entering_and_stops_no_import(
    import_bytes: Import, tmp_path: Path, name: str
) -> None:
    everybody = [row(rpps(number), nom=name) for number in range(11, 15)]
    import_bytes(register(*(row(rpps(number)) for number in range(11, 15)), *OTHERS))
    import_bytes(register(*OTHERS))
    path = tmp_path / "back.txt"
    path.write_bytes(register(*everybody, *OTHERS))
    summary = import_register(path=path)
    counts = summary.created, summary.changed, summary.ended, summary.unchanged
    assert counts == (4, 0, 0, len(OTHERS))
