"""`PS_LibreAcces_SavoirFaire`: kept beside what the register of people says, shown together."""

import gzip
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from idp.core import clock
from idp.directory.flows import import_savoir_faire as importing
from idp.directory.flows.import_savoir_faire import import_savoir_faire
from idp.directory.flows.importing import ImportSummary, Options
from idp.directory.models import AlternativeIdentifier, ImportBatch, Person, SavoirFaire
from tests.directory.register import PRACTICE, register, row, rpps
from tests.directory.savoir_faire import (
    HEADER,
    NURSE,
    counts,
    everything,
    exercices,
    knows,
    shown,
    skill,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("agreement")]
Import = Callable[..., ImportSummary]


def on(day: int) -> AbstractContextManager[None]:
    return clock.frozen(datetime(2026, 11, day, tzinfo=UTC))


def test_a_savoir_faire_is_shown_in_its_exercice_and_dated(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(code_profession=NURSE)))
    summary = say(skill(), name="PS_LibreAcces_SavoirFaire_202611240730.txt")
    assert counts(summary) == (1, 0, 0, 0)
    assert summary.by_profession == {"created": {"10": 1}}
    physician, nurse = exercices()
    assert ([k.code for k in physician.savoir_faire], nurse.savoir_faire) == (["SM54"], ())
    kept = SavoirFaire.objects.get()
    assert (kept.source, kept.since, kept.entered_by) == (
        "savoir_faire", date(2026, 11, 24), summary.batch,
    )  # fmt: skip
    assert ImportBatch.objects.get(pk=summary.batch).kind == "savoir_faire"


@pytest.mark.parametrize("code", ['SM"8', "SM\\8", "\\n", 'SM1"],["S","SM99'])
def test_a_code_that_json_writes_otherwise_is_shown_as_it_is(
    say: Import, import_bytes: Import, code: str
) -> None:
    import_bytes(register(row()))
    say(skill(1, code))
    assert shown() == [code]
    # Rendered anew, of rows that hold no such thing.
    import_bytes(register(row(prenom="Jeanne")))
    assert shown() == [code]


def test_what_is_said_of_others_is_counted_and_nothing_is_made_of_it(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(rpps(2)), row(rpps(3))))
    import_bytes(register(row(), row(rpps(2))))
    AlternativeIdentifier.objects.create(
        person=Person.objects.get(national_id=f"8{rpps(2)}"),
        identifier=f"8{rpps(4)}", origin="RPPS", quality=2,
    )  # fmt: skip
    before = everything()
    summary = say(
        skill(9), skill(3), skill(4), skill(4, "SM04"), skill(profession=NURSE),
        skill(code_categorie_professionnelle="E"),
    )  # fmt: skip
    assert summary.left_out == {"former": 2, "left": 1, "not_practised": 2, "unknown": 1}
    assert (summary.rows, counts(summary)) == (6, (0, 0, 0, 0))
    assert everything() == before


def test_both_files_are_shown_together_each_savoir_faire_once(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26")), row(**knows("SM54"))))
    say(skill(code="SM54"), skill(code="SM04"), skill(code="C1", kind="C"))
    assert shown() == ["SM04", "SM26", "SM54", "C1"]
    assert SavoirFaire.objects.filter(code="SM54").count() == 2


def test_a_row_that_comes_twice_is_one_savoir_faire(say: Import, import_bytes: Import) -> None:
    import_bytes(register(row()))
    assert counts(say(skill(), skill(2), skill())) == (1, 0, 0, 0)
    assert SavoirFaire.objects.count() == 1


def test_what_is_no_longer_in_the_file_ends_unless_the_register_of_people_says_it(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26"))))
    with on(20):
        say(skill(code="SM26"), skill(code="SM54"), skill(code="SM04"))
    with on(21):
        assert counts(say(skill(code="SM04"))) == (0, 1, 0, 0)
    assert shown() == ["SM04", "SM26"]
    ended = SavoirFaire.objects.get(code="SM54")
    assert (ended.since, ended.until) == (date(2026, 11, 20), date(2026, 11, 21))
    assert counts(say(skill(99))) == (0, 0, 0, 1)
    assert shown() == ["SM26"]


def test_who_the_register_of_people_changes_keeps_what_this_file_says(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26")), row(rpps(2))))
    say(skill(code="SM54"))
    import_bytes(register(row(nom="DURAND", **knows("SM04")), row(rpps(2))))
    assert exercices()[0].nom == "DURAND"
    assert shown() == ["SM04", "SM54"]


def test_a_savoir_faire_that_one_file_drops_stays_while_the_other_says_it(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM54"))))
    say(skill(code="SM54"))
    import_bytes(register(row()))
    assert shown() == ["SM54"]
    say(skill(99))
    assert shown() == []


def test_what_this_file_says_makes_nobody_differ_from_the_register_of_people(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**PRACTICE), row(rpps(2))))
    say(skill(), skill(2))
    before = everything()
    # Other rows of the same person, in another order: read again, and the same.
    again = import_bytes(register(row(rpps(2)), row(**PRACTICE), row(**PRACTICE), row(rpps(3))))
    assert counts(again) == (1, 0, 2, 0)
    known = Person.objects.exclude(national_id=f"8{rpps(3)}").order_by("pk")
    assert [person.snapshot for person in known] == [each["snapshot"] for each in before[0]]  # type: ignore[attr-defined]


def test_the_very_file_of_the_last_import_writes_nothing(say: Import, import_bytes: Import) -> None:
    import_bytes(register(row()))
    say(skill(), skill(2))
    before, batches = everything(), list(ImportBatch.objects.order_by("pk").values())
    again = say(skill(), skill(2))
    assert again.skipped
    assert (counts(again), again.left_out) == ((0, 0, 1, 0), {"unknown": 1})
    assert everything() == before
    assert list(ImportBatch.objects.order_by("pk").values()) == batches


def test_the_very_file_says_more_of_who_came_since(say: Import, import_bytes: Import) -> None:
    import_bytes(register(row()))
    say(skill(), skill(2))
    import_bytes(register(row(), row(rpps(2))))
    assert counts(say(skill(), skill(2))) == (1, 0, 1, 0)
    assert shown(2) == ["SM54"]


def test_only_who_reads_otherwise_than_before_is_written(say: Import, import_bytes: Import) -> None:
    with on(20):
        import_bytes(register(row(), row(rpps(2)), row(rpps(3), **knows("SM54"))))
        say(skill())
    with on(21):
        # Of the third, the register of people says it already.
        assert counts(say(skill(), skill(2), skill(3))) == (2, 0, 1, 0)
    updated = Person.objects.order_by("national_id").values_list("national_id", "updated_at")
    assert {national_id: at.day for national_id, at in updated} == {
        f"8{rpps(1)}": 20, f"8{rpps(2)}": 21, f"8{rpps(3)}": 20,
    }  # fmt: skip


def test_a_profession_that_ends_ends_its_savoir_faire(say: Import, import_bytes: Import) -> None:
    import_bytes(register(row(), row(code_profession=NURSE), row(rpps(2))))
    say(skill(), skill(code="IADE", profession=NURSE))
    import_bytes(register(row(), row(rpps(2))))
    assert shown() == ["SM54"]
    # Not counted as a change of this file's: it says the same.
    assert say(skill(), skill(code="IADE", profession=NURSE)).left_out == {"not_practised": 1}
    import_bytes(register(row(), row(code_profession=NURSE), row(rpps(2))))
    assert say(skill(), skill(code="IADE", profession=NURSE)).changed == 1
    assert shown() == ["SM54", "IADE"]


def test_who_leaves_the_register_ends_with_all_they_know(say: Import, import_bytes: Import) -> None:
    import_bytes(register(row(**knows("SM26")), row(rpps(2))))
    say(skill())
    import_bytes(register(row(rpps(2))))
    assert not SavoirFaire.objects.filter(until=None).exists()
    assert say(skill()).left_out == {"left": 1}
    import_bytes(register(row(**knows("SM26")), row(rpps(2))))
    assert shown() == ["SM26"]
    assert say(skill()).created == 1
    assert shown() == ["SM26", "SM54"]


def test_a_packed_latin_1_file_is_read(tmp_path: Path, import_bytes: Import) -> None:
    import_bytes(register(row()))
    path = tmp_path / "savoir.gz"
    content = register(skill(nom="LEFÈVRE"), header=HEADER).decode().encode("latin-1")
    path.write_bytes(gzip.compress(content))
    assert import_savoir_faire(path=path, options=Options()).created == 1


def test_many_people_are_rendered_a_few_at_a_time(
    say: Import, import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_TOGETHER", 3)
    monkeypatch.setattr(importing, "_STAGED_BYTES", 200)
    import_bytes(register(*(row(rpps(n)) for n in range(10))))
    assert say(*(skill(n) for n in range(10))).created == 10
    assert [shown(n) for n in range(10)] == [["SM54"]] * 10
