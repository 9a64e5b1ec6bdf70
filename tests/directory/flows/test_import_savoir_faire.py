"""`PS_LibreAcces_SavoirFaire`: kept beside what the register of people says, shown together."""

import gzip
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows import import_savoir_faire as importing
from idp.directory.flows.find import find_professional
from idp.directory.flows.import_register import ImportSummary, Options, TooManyChangesError
from idp.directory.flows.import_savoir_faire import import_savoir_faire
from idp.directory.flows.roll_back_import import roll_back_import
from idp.directory.gateways import bulk, merge_savoir_faire
from idp.directory.models import AlternativeIdentifier, Exercice, ImportBatch, Person, SavoirFaire
from idp.directory.rules.official_headers import SAVOIR_FAIRE_FILE
from idp.directory.rules.professional import Exercice as ExerciceValue
from idp.directory.rules.register_columns import RefusedFileError
from tests.directory.register import PRACTICE, fictitious_rpps, register, row, row_of, rpps

pytestmark = pytest.mark.django_db
Import = Callable[..., ImportSummary]
COLUMNS = [*SAVOIR_FAIRE_FILE]
HEADER = "|".join((*COLUMNS, ""))
NURSE = "60"


def skill(
    number: int = 1, code: str = "SM54", *, kind: str = "S", profession: str = "10", **changes: str
) -> str:
    of = {"code_profession": profession, "code_type_savoir_faire": kind, "code_savoir_faire": code}
    return row_of(COLUMNS, rpps(number), **of, **changes)


def knows(code: str) -> dict[str, str]:
    """What a row of the register of people says of a savoir-faire."""
    return {"code_type_savoir_faire": "S", "code_savoir_faire": code}


@pytest.fixture
def load(tmp_path: Path) -> Import:
    """Imports a file of savoir-faire of these rows."""

    def load(
        *rows: str,
        name: str = "savoir.txt",
        header: str = HEADER,
        accept_changes: bool = True,
        allow_older: bool = False,
        test_identities: bool = False,
    ) -> ImportSummary:
        path = tmp_path / name
        path.write_bytes(register(*rows, header=header))
        options = Options(
            accept_changes=accept_changes, allow_older=allow_older, test_identities=test_identities
        )
        return import_savoir_faire(path=path, options=options)

    return load


@pytest.fixture(autouse=True)
def tables_and_snapshots_say_the_same(db: None) -> Iterator[None]:
    """At the end of every test."""
    yield
    agree()


def agree() -> None:
    """Who is in the register is shown with what is said of their professions; who left, ended."""
    present = Person.objects.filter(left_register_at=None)
    live = SavoirFaire.objects.filter(until=None)
    assert not live.exclude(person__in=present).exists()
    for person in present:
        practised = Exercice.objects.filter(person=person, until=None)
        of = ("code_profession", "code_categorie_professionnelle")
        said = {*live.filter(person=person).values_list(*of, "code_type", "code")}
        assert {each[:2] for each in said} <= {*practised.values_list(*of)}
        shown = [
            (entry[of[0]], entry[of[1]], *known)
            for entry in person.snapshot["exercices"]
            for known in entry["savoir_faire"]
        ]
        assert len(shown) == len(said)
        assert {*shown} == said


def exercices(number: int = 1) -> tuple[ExerciceValue, ...]:
    found = find_professional(identifier=f"8{rpps(number)}")
    assert found is not None
    return found.exercices


def shown(number: int = 1) -> list[str]:
    return [known.code for exercice in exercices(number) for known in exercice.savoir_faire]


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.created, summary.changed, summary.unchanged, summary.ended


def everything() -> list[object]:
    return [list(table.objects.order_by("pk").values()) for table in (Person, SavoirFaire)]


def on(day: int) -> AbstractContextManager[None]:
    return clock.frozen(datetime(2026, 11, day, tzinfo=UTC))


def test_a_savoir_faire_is_shown_in_its_exercice_and_dated(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(code_profession=NURSE)))
    summary = load(skill(), name="PS_LibreAcces_SavoirFaire_202611240730.txt")
    assert counts(summary) == (1, 0, 0, 0)
    assert summary.by_profession == {"created": {"10": 1}}
    physician, nurse = exercices()
    assert ([k.code for k in physician.savoir_faire], nurse.savoir_faire) == (["SM54"], ())
    kept = SavoirFaire.objects.get()
    assert (kept.source, kept.since, kept.entered_by) == (
        "savoir_faire", date(2026, 11, 24), summary.batch,
    )  # fmt: skip
    assert ImportBatch.objects.get(pk=summary.batch).kind == "savoir_faire"


def test_what_is_said_of_others_is_counted_and_nothing_is_made_of_it(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(rpps(2)), row(rpps(3))))
    import_bytes(register(row(), row(rpps(2))))
    AlternativeIdentifier.objects.create(
        person=Person.objects.get(national_id=f"8{rpps(2)}"),
        identifier=f"8{rpps(4)}", origin="RPPS", quality=2,
    )  # fmt: skip
    before = everything()
    summary = load(
        skill(9), skill(3), skill(4), skill(4, "SM04"), skill(profession=NURSE),
        skill(code_categorie_professionnelle="E"),
    )  # fmt: skip
    assert summary.left_out == {"former": 2, "left": 1, "not_practised": 2, "unknown": 1}
    assert (summary.rows, counts(summary)) == (6, (0, 0, 0, 0))
    assert everything() == before


def test_both_files_are_shown_together_each_savoir_faire_once(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26")), row(**knows("SM54"))))
    load(skill(code="SM54"), skill(code="SM04"), skill(code="C1", kind="C"))
    assert shown() == ["SM04", "SM26", "SM54", "C1"]
    assert SavoirFaire.objects.filter(code="SM54").count() == 2


def test_a_row_that_comes_twice_is_one_savoir_faire(load: Import, import_bytes: Import) -> None:
    import_bytes(register(row()))
    assert counts(load(skill(), skill(2), skill())) == (1, 0, 0, 0)
    assert SavoirFaire.objects.count() == 1


def test_what_is_no_longer_in_the_file_ends_unless_the_register_of_people_says_it(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26"))))
    with on(20):
        load(skill(code="SM26"), skill(code="SM54"), skill(code="SM04"))
    with on(21):
        assert counts(load(skill(code="SM04"))) == (0, 1, 0, 0)
    assert shown() == ["SM04", "SM26"]
    ended = SavoirFaire.objects.get(code="SM54")
    assert (ended.since, ended.until) == (date(2026, 11, 20), date(2026, 11, 21))
    assert counts(load()) == (0, 0, 0, 1)
    assert shown() == ["SM26"]


def test_who_the_register_of_people_changes_keeps_what_this_file_says(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26")), row(rpps(2))))
    load(skill(code="SM54"))
    import_bytes(register(row(nom="DURAND", **knows("SM04")), row(rpps(2))))
    assert exercices()[0].nom == "DURAND"
    assert shown() == ["SM04", "SM54"]


def test_a_savoir_faire_that_one_file_drops_stays_while_the_other_says_it(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM54"))))
    load(skill(code="SM54"))
    import_bytes(register(row()))
    assert shown() == ["SM54"]
    load()
    assert shown() == []


def test_what_this_file_says_makes_nobody_differ_from_the_register_of_people(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**PRACTICE), row(rpps(2))))
    load(skill(), skill(2))
    before = everything()
    # Other rows of the same person, in another order: read again, and the same.
    again = import_bytes(register(row(rpps(2)), row(**PRACTICE), row(**PRACTICE), row(rpps(3))))
    assert counts(again) == (1, 0, 2, 0)
    known = Person.objects.exclude(national_id=f"8{rpps(3)}").order_by("pk")
    assert [person.snapshot for person in known] == [each["snapshot"] for each in before[0]]  # type: ignore[attr-defined]


def test_the_very_file_of_the_last_import_writes_nothing(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row()))
    load(skill(), skill(2))
    before, batches = everything(), list(ImportBatch.objects.order_by("pk").values())
    again = load(skill(), skill(2))
    assert again.skipped
    assert (counts(again), again.left_out) == ((0, 0, 1, 0), {"unknown": 1})
    assert everything() == before
    assert list(ImportBatch.objects.order_by("pk").values()) == batches


def test_the_very_file_says_more_of_who_came_since(load: Import, import_bytes: Import) -> None:
    import_bytes(register(row()))
    load(skill(), skill(2))
    import_bytes(register(row(), row(rpps(2))))
    assert counts(load(skill(), skill(2))) == (1, 0, 1, 0)
    assert shown(2) == ["SM54"]


def test_only_who_reads_otherwise_than_before_is_written(
    load: Import, import_bytes: Import
) -> None:
    with on(20):
        import_bytes(register(row(), row(rpps(2)), row(rpps(3), **knows("SM54"))))
        load(skill())
    with on(21):
        # Of the third, the register of people says it already.
        assert counts(load(skill(), skill(2), skill(3))) == (2, 0, 1, 0)
    updated = Person.objects.order_by("national_id").values_list("national_id", "updated_at")
    assert {national_id: at.day for national_id, at in updated} == {
        f"8{rpps(1)}": 20, f"8{rpps(2)}": 21, f"8{rpps(3)}": 20,
    }  # fmt: skip


def test_a_profession_that_ends_ends_its_savoir_faire(load: Import, import_bytes: Import) -> None:
    import_bytes(register(row(), row(code_profession=NURSE), row(rpps(2))))
    load(skill(), skill(code="IADE", profession=NURSE))
    import_bytes(register(row(), row(rpps(2))))
    assert shown() == ["SM54"]
    # Not counted as a change of this file's: it says the same.
    assert load(skill(), skill(code="IADE", profession=NURSE)).left_out == {"not_practised": 1}
    import_bytes(register(row(), row(code_profession=NURSE), row(rpps(2))))
    assert load(skill(), skill(code="IADE", profession=NURSE)).changed == 1
    assert shown() == ["SM54", "IADE"]


def test_who_leaves_the_register_ends_with_all_they_know(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26")), row(rpps(2))))
    load(skill())
    import_bytes(register(row(rpps(2))))
    assert not SavoirFaire.objects.filter(until=None).exists()
    assert load(skill()).left_out == {"left": 1}
    import_bytes(register(row(**knows("SM26")), row(rpps(2))))
    assert shown() == ["SM26"]
    assert load(skill()).created == 1
    assert shown() == ["SM26", "SM54"]


def test_more_than_a_twentieth_changed_stops_the_import_unless_told(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(*(row(rpps(n)) for n in range(60))))
    load(*(skill(n) for n in range(40)))
    before = everything()
    # Of the forty who had some: one has others, two have none any more.
    later = [skill(0, "SM04"), *(skill(n) for n in range(1, 38))]
    reason = "1 of 40 people would change and 2 would end"
    with pytest.raises(TooManyChangesError, match=reason) as caught:
        load(*later, accept_changes=False)
    assert caught.value.summary.by_profession == {"changed": {"10": 1}, "ended": {"10": 2}}
    assert everything() == before
    assert ImportBatch.objects.order_by("pk").last().state == "refused"  # type: ignore[union-attr]
    assert counts(load(*later)) == (0, 1, 37, 2)


def test_people_of_whom_nothing_was_said_never_stop_an_import(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(*(row(rpps(n)) for n in range(60))))
    load(skill(0), accept_changes=False)
    assert load(*(skill(n) for n in range(60)), accept_changes=False).created == 59


def test_a_file_older_than_the_last_is_refused_unless_told(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row()), name="PS_LibreAcces_Personne_activite_202611250730.txt")
    load(skill(), name="PS_LibreAcces_SavoirFaire_202611240730.txt")
    older = "PS_LibreAcces_SavoirFaire_202611230730.txt"
    with pytest.raises(RefusedFileError, match="older than the last import, of 2026-11-24"):
        load(name=older)
    assert load(name=older, allow_older=True).ended == 1


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace("Code profession|", "Profession|"), "missing column: Code profession"),
        (HEADER.replace("Libellé profession", "Code profession"), "given twice: Code profession"),
        (HEADER.replace("|", ";"), "not separated"),
    ],
)
def test_a_file_whose_columns_are_not_what_they_should_be_is_refused(
    load: Import, import_bytes: Import, header: str, reason: str
) -> None:
    import_bytes(register(row()))
    load(skill())
    before = everything()
    with pytest.raises(RefusedFileError, match=reason):
        load(skill(code="SM04"), header=header)
    assert everything() == before


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.touch()
    with pytest.raises(RefusedFileError, match="the first line is no header"):
        import_savoir_faire(path=path, options=Options())


def test_a_file_cut_off_in_the_middle_of_a_row_is_refused(
    tmp_path: Path, import_bytes: Import
) -> None:
    import_bytes(register(row()))
    path = tmp_path / "cut.txt"
    path.write_bytes(register(skill(), skill(code="SM04"), header=HEADER)[:-9])
    with pytest.raises(RefusedFileError, match="breaks off in line 3"):
        import_savoir_faire(path=path, options=Options())
    assert shown() == []


def test_malformed_rows_are_left_out_counted_and_named_by_line(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(rpps(2))))
    summary = load(
        skill(), "half a line", skill(2, code=""), skill(2, national_id=f"8{rpps(1)}"),
        row_of(COLUMNS, fictitious_rpps(1), **knows("SM04")), skill(2, nom="x" * 70_000), skill(2),
    )  # fmt: skip
    assert (counts(summary), summary.rows, summary.malformed_rows) == ((2, 0, 0, 0), 7, 5)
    reasons = dict(summary.malformed)
    assert list(reasons) == [3, 4, 5, 6, 7]
    assert reasons[4] == "no savoir-faire"
    assert "contradict" in reasons[5]
    assert "test identity" in reasons[6]
    assert reasons[7] == "longer than 65536 bytes"


def test_a_file_of_fictitious_people_ends_nothing_of_real_ones(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row()))
    load(skill())
    fictitious = row_of(COLUMNS, fictitious_rpps(1), **knows("SM04"))
    import_bytes(register(row(fictitious_rpps(1))), test_identities=True)
    summary = load(fictitious, skill(), test_identities=True)
    assert (counts(summary), summary.malformed) == ((1, 0, 0, 0), [(3, "not a test identity")])
    assert counts(load(skill())) == (0, 0, 1, 0)
    assert SavoirFaire.objects.filter(until=None).count() == 2


@pytest.mark.usefixtures("production")
def test_test_identities_cannot_be_imported_outside_a_sandbox(load: Import) -> None:
    with pytest.raises(IdpError) as caught:
        load(test_identities=True)
    assert caught.value.code == "test_identities_forbidden"
    assert not ImportBatch.objects.exists()


def test_nothing_of_an_import_that_breaks_in_its_last_step_is_seen(
    load: Import, import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_bytes(register(row(), row(rpps(2))))
    load(skill())
    before = everything()

    def full(*_arguments: object) -> None:
        raise OperationalError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(merge_savoir_faire, "replace_snapshots", full)
        with pytest.raises(OperationalError):
            load(skill(code="SM04"), skill(2))
    assert everything() == before
    assert counts(load(skill(code="SM04"), skill(2))) == (1, 1, 0, 0)
    assert set(ImportBatch.objects.values_list("state", flat=True)) == {"done", "refused"}


def test_only_one_import_runs_at_a_time(load: Import) -> None:
    is_held, is_over = threading.Event(), threading.Event()

    def hold() -> None:
        with bulk.only_import():
            is_held.set()
            is_over.wait(30)
        connection.close()

    other = threading.Thread(target=hold)
    other.start()
    try:
        assert is_held.wait(30)
        with pytest.raises(IdpError) as caught:
            load(skill())
    finally:
        is_over.set()
        other.join()
    assert caught.value.code == "import_running"
    assert load().rows == 0


def test_a_packed_latin_1_file_is_read(tmp_path: Path, import_bytes: Import) -> None:
    import_bytes(register(row()))
    path = tmp_path / "savoir.gz"
    content = register(skill(nom="LEFÈVRE"), header=HEADER).decode().encode("latin-1")
    path.write_bytes(gzip.compress(content))
    assert import_savoir_faire(path=path, options=Options()).created == 1


def test_many_people_are_rendered_a_few_at_a_time(
    load: Import, import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "_TOGETHER", 3)
    monkeypatch.setattr(importing, "STAGE_BYTES", 200)
    import_bytes(register(*(row(rpps(n)) for n in range(10))))
    assert load(*(skill(n) for n in range(10))).created == 10
    assert [shown(n) for n in range(10)] == [["SM54"]] * 10


def test_an_import_taken_back_leaves_no_trace(load: Import, import_bytes: Import) -> None:
    import_bytes(register(row(**knows("SM26")), row(rpps(2)), row(rpps(3))))
    empty = shown()
    first = load(skill(), skill(2))
    before = list(SavoirFaire.objects.order_by("pk").values()), shown(), shown(2), shown(3)
    last = load(skill(code="SM04"), skill(3))
    assert (shown(), shown(2), shown(3)) == (["SM04", "SM26"], [], ["SM54"])
    with pytest.raises(IdpError) as caught:
        roll_back_import(batch_id=first.batch)
    assert caught.value.code == "not_the_last"
    assert roll_back_import(batch_id=last.batch) == 3
    assert (
        list(SavoirFaire.objects.order_by("pk").values()),
        shown(),
        shown(2),
        shown(3),
    ) == before
    assert ImportBatch.objects.get(pk=last.batch).state == "rolled_back"
    # Even the first of its kind.
    roll_back_import(batch_id=first.batch)
    assert (shown(), shown(2)) == (empty, [])


def test_what_an_import_taken_back_had_ended_stays_ended_of_who_practises_no_more(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(code_profession=NURSE), row(rpps(2)), row(rpps(3))))
    load(skill(code="IADE", profession=NURSE), skill(2))
    last = load()
    import_bytes(register(row(), row(rpps(3))))
    roll_back_import(batch_id=last.batch)
    assert not SavoirFaire.objects.filter(until=None).exists()
    assert shown() == []


def test_a_register_of_people_taken_back_keeps_what_this_file_says_meanwhile(
    load: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(**knows("SM26")), row(code_profession=NURSE), row(rpps(2))))
    load(skill(), skill(code="IADE", profession=NURSE), skill(2))
    people = import_bytes(register(row(nom="DURAND", **knows("SM05")), row(rpps(3))))
    load(skill(code="SM04"), skill(3))
    roll_back_import(batch_id=people.batch)
    assert exercices()[0].nom == "MARTIN"
    # As a nurse, since before: the later file could not say it of somebody who practised no more.
    assert shown() == ["SM04", "SM26", "IADE"]
    assert shown(2) == ["SM54"]
    entered = Person.objects.get(national_id=f"8{rpps(3)}")
    assert entered.left_register_at is not None


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_after_what_tables_and_snapshots_say_the_same(
    load: Import, import_bytes: Import, seed: int
) -> None:
    chance = random.Random(seed)
    codes = ["SM04", "SM26", "SM54", "C1"]
    for _ in range(12):
        people = [n for n in range(6) for _ in range(chance.randint(0, 2))]
        step = chance.choice("ppssr")
        if step == "p":
            of = ({"code_profession": chance.choice(["10", "60"])} for _ in people)
            knowing = (knows(chance.choice([*codes, ""])) for _ in people)
            rows = zip(people, of, knowing, strict=True)
            import_bytes(register(*(row(rpps(n), **one, **other) for n, one, other in rows)))
        elif step == "s":
            load(*(skill(n, chance.choice(codes)) for n in people))
        else:
            roll_back_last("savoir_faire")
            roll_back_last("personne_activite")
        agree()


def roll_back_last(kind: str) -> None:
    done = ImportBatch.objects.filter(state="done", kind=kind).order_by("-pk")[:2]
    if len(done) == 2:
        roll_back_import(batch_id=done[0].pk)
