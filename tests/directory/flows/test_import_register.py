"""Importing the register: merged, counted, repeatable, and all or nothing for a refused file."""

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from idp.core import clock
from idp.core.errors import IdpError
from idp.directory.flows.find import find_professional
from idp.directory.flows.import_register import import_register
from idp.directory.flows.importing import ImportSummary, NoRowError, Options, TooManyChangesError
from idp.directory.gateways import merge_staged, register_file
from idp.directory.models import (
    AlternativeIdentifier,
    Exercice,
    ImportBatch,
    Person,
    Practice,
    SavoirFaire,
    Structure,
)
from idp.directory.rules.professional import Professional
from idp.directory.rules.register_columns import RefusedFileError
from tests.directory.register import (
    HEADER,
    PRACTICE,
    SANDBOX_FILE,
    register,
    row,
    rpps,
)

pytestmark = pytest.mark.django_db
Import = Callable[..., ImportSummary]


def person(number: int = 1) -> Professional:
    found = find_professional(identifier=f"8{rpps(number)}")
    assert found is not None
    return found


def counts(summary: ImportSummary) -> tuple[int, int, int, int]:
    return summary.created, summary.changed, summary.unchanged, summary.malformed_rows


def everything() -> list[object]:
    return [
        list(table.objects.order_by("pk").values())
        for table in (Person, AlternativeIdentifier, Exercice, SavoirFaire, Practice, Structure)
    ]


def test_a_person_enters_with_the_main_identifier(import_bytes: Import) -> None:
    assert counts(import_bytes(register(row(**PRACTICE)))) == (1, 0, 0, 0)
    found = person()
    assert found.display_name == "Dr Jean MARTIN"
    assert [(a.identifier, a.origin, a.quality) for a in found.alternative_identifiers] == [
        (f"8{rpps(1)}", "RPPS", 1)
    ]


def test_the_same_file_again_writes_nothing(import_bytes: Import) -> None:
    content = register(row(**PRACTICE), row(rpps(2)))
    import_bytes(content)
    before, batches = everything(), ImportBatch.objects.count()
    again = import_bytes(content)
    assert again.skipped
    assert counts(again) == (0, 0, 2, 0)
    assert ImportBatch.objects.count() == batches
    assert everything() == before


def test_shuffled_rows_change_nothing(tmp_path: Path) -> None:
    import_register(path=SANDBOX_FILE, test_identities=True)
    before = everything()
    header, *rows = SANDBOX_FILE.read_text().splitlines()
    shuffled = tmp_path / "shuffled.txt"
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        shuffled.write_text("\n".join([header, *rows, *rows[:5]]) + "\n")
        summary = import_register(path=shuffled, test_identities=True)
        assert counts(summary) == (0, 0, 20, 0)
    assert everything() == before


def test_rows_met_again_after_somebody_else_are_added_not_swapped_in(
    import_bytes: Import,
) -> None:
    content = register(
        row(identifiant_technique_structure="F1"),
        row(rpps(2)),
        row(identifiant_technique_structure="F2"),
    )
    assert counts(import_bytes(content)) == (2, 0, 0, 0)
    activities = person().exercices[0].activities
    assert [activity.identifiant_technique_structure for activity in activities] == ["F1", "F2"]
    assert counts(import_bytes(content)) == (0, 0, 2, 0)


def test_a_change_replaces_what_was_known_and_keeps_the_subject(import_bytes: Import) -> None:
    with clock.frozen(datetime(2026, 11, 20, tzinfo=UTC)):
        import_bytes(register(row(**PRACTICE), row(rpps(2))))
    before = person()
    with clock.frozen(datetime(2026, 11, 21, tzinfo=UTC)):
        summary = import_bytes(register(row(nom="DURAND", code_profession="60"), row(rpps(2))))
    assert counts(summary) == (0, 1, 1, 0)
    after = person()
    assert after.person_id == before.person_id
    assert (after.family_name, after.profession_label) == ("DURAND", "Infirmier")
    assert after.first_activity is None
    exercices = Exercice.objects.filter(person=after.person_id).order_by("pk")
    assert [(each.code_profession, each.since.day, each.until) for each in exercices] == [
        ("10", 20, date(2026, 11, 21)),
        ("60", 21, None),
    ]
    ended = Practice.objects.get()
    assert (ended.since, ended.until) == (date(2026, 11, 20), date(2026, 11, 21))
    dates = Person.objects.order_by("national_id").values_list("created_at", "updated_at")
    assert [(created.day, updated.day) for created, updated in dates] in (
        [(20, 21), (20, 20)],
        [(20, 20), (20, 21)],
    )


def test_a_change_keeps_the_identifiers_of_the_person(import_bytes: Import) -> None:
    import_bytes(register(row()))
    AlternativeIdentifier.objects.create(
        person_id=person().person_id, identifier="0441234567", origin="ADELI", quality=2
    )
    import_bytes(register(row(nom="DURAND")))
    identifiers = [known.identifier for known in person().alternative_identifiers]
    assert identifiers == [f"8{rpps(1)}", "0441234567"]


def test_what_is_said_under_a_former_identifier_does_not_overwrite(import_bytes: Import) -> None:
    import_bytes(register(row()))
    AlternativeIdentifier.objects.create(
        person_id=person().person_id, identifier="0441234567", origin="ADELI", quality=2
    )
    former = row("441234567", type_identifiant="0", national_id="0441234567", nom="ANCIEN")
    assert counts(import_bytes(register(former, row()))) == (0, 0, 2, 0)
    assert person().family_name == "MARTIN"


def test_who_is_no_longer_in_the_file_has_left_until_they_are_back(import_bytes: Import) -> None:
    import_bytes(register(row(), row(rpps(2))))
    summary = import_bytes(register(row(rpps(2))))
    assert (counts(summary), summary.ended) == ((0, 0, 1, 0), 1)
    assert summary.by_profession["ended"] == {"10": 1}
    left = Person.objects.get(national_id=f"8{rpps(1)}")
    assert left.left_register_at is not None
    assert person().family_name == "MARTIN"
    import_bytes(register(row(rpps(2)), row()))
    back = Person.objects.get(pk=left.pk)
    assert back.left_register_at is None


def test_malformed_rows_are_left_out_counted_and_named_by_line(import_bytes: Import) -> None:
    summary = import_bytes(
        register(row(), row("10100271386"), row(rpps(2)), "half a line", row(rpps(3), nom="\0"))
    )
    assert counts(summary) == (2, 0, 0, 3)
    assert summary.rows == 5
    assert [number for number, _ in summary.malformed] == [3, 5, 6]
    assert "check digit" in summary.malformed[0][1]


def test_one_bad_row_of_a_person_does_not_lose_the_good_ones(import_bytes: Import) -> None:
    import_bytes(register(row(identifiant_technique_structure="F1"), row(code_profession="")))
    assert len(person().exercices[0].activities) == 1


def test_only_the_first_twenty_malformed_rows_are_named(import_bytes: Import) -> None:
    summary = import_bytes(register(*(["bad"] * 30), row()))
    assert counts(summary) == (1, 0, 0, 30)
    assert [number for number, _ in summary.malformed] == list(range(2, 22))


def test_a_line_of_a_megabyte_is_left_out(import_bytes: Import) -> None:
    summary = import_bytes(register(row(nom="x" * 1_000_000), row(rpps(2))))
    assert counts(summary) == (1, 0, 0, 1)
    assert summary.malformed == [(2, "longer than 65536 bytes")]


def test_invalid_encoding_in_the_middle_is_left_out(import_bytes: Import) -> None:
    bad = register(row(), row(rpps(2), nom="BERANGER"), row(rpps(3)))
    summary = import_bytes(bad.replace(b"BERANGER", b"B\xc9RANGER"))
    assert counts(summary) == (2, 0, 0, 1)
    assert summary.malformed == [(3, "not UTF-8")]


def test_a_file_cut_off_in_the_middle_of_a_row_is_refused_by_its_line(import_bytes: Import) -> None:
    with pytest.raises(RefusedFileError, match="breaks off in line 3"):
        import_bytes(register(row(), row(rpps(2), **PRACTICE))[:-40])
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n",
        HEADER.replace("|", ";").encode(),
        HEADER.replace("Code profession|", "Profession|").encode(),
        b"x" * 1_000_000,
    ],
)
def test_a_refused_file_changes_nothing(import_bytes: Import, content: bytes) -> None:
    import_bytes(register(row()))
    before = everything()
    with pytest.raises(RefusedFileError):
        import_bytes(content + b"\n" + row(rpps(2)).encode() if content.strip() else content)
    assert everything() == before


def test_persons_are_stored_in_batches_of_few_statements(
    import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = register(*(row(rpps(number), **PRACTICE) for number in range(25)))
    # Ten of them.
    monkeypatch.setattr(register_file, "BLOCK_BYTES", len(content) * 10 // 26)
    with CaptureQueriesContext(connection) as queries:
        assert counts(import_bytes(content)) == (25, 0, 0, 0)
    statements = [q for q in queries if not q["sql"].startswith(("BEGIN", "SAVEPOINT", "REL"))]
    assert len(statements) <= 79


def test_test_identities_are_marked(import_bytes: Import) -> None:
    import_register(path=SANDBOX_FILE, test_identities=True)
    import_bytes(register(row()))
    assert Person.objects.filter(is_test=True).count() == 20
    assert not person().is_test


@pytest.mark.usefixtures("production")
def test_test_identities_cannot_be_imported_outside_a_sandbox() -> None:
    with pytest.raises(IdpError) as caught:
        import_register(path=SANDBOX_FILE, test_identities=True)
    assert caught.value.code == "test_identities_forbidden"
    assert not Person.objects.exists()


@pytest.mark.usefixtures("production")
def test_rows_of_test_identities_are_malformed_outside_a_sandbox() -> None:
    with pytest.raises(NoRowError, match="none of 43 rows can be read") as refused:
        import_register(path=SANDBOX_FILE)
    assert "test identity" in refused.value.summary.malformed[0][1]
    assert not Person.objects.exists()


def test_a_real_person_is_never_marked_as_test(import_bytes: Import) -> None:
    with pytest.raises(NoRowError, match="none of 1 rows can be read"):
        import_bytes(register(row()), test_identities=True)
    assert not Person.objects.exists()


@given(junk=st.lists(st.binary(max_size=200), max_size=5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_junk_between_rows_stops_an_import(import_bytes: Import, junk: list[bytes]) -> None:
    content = register(row()) + b"\n".join([*junk, b""]) + row(rpps(2)).encode()
    summary = import_bytes(content)
    assert summary.created + summary.changed + summary.unchanged == 2


def test_more_than_a_twentieth_changed_stops_the_import_unless_told(
    import_bytes: Import, tmp_path: Path
) -> None:
    import_bytes(register(*(row(rpps(n)) for n in range(20))))
    before = everything()
    path = tmp_path / "many.txt"
    path.write_bytes(register(*(row(rpps(n), nom="X" if n < 2 else "MARTIN") for n in range(20))))
    with pytest.raises(TooManyChangesError, match="2 of 20 people would change") as caught:
        import_register(path=path)
    assert caught.value.summary.by_profession == {"changed": {"10": 2}}
    assert everything() == before
    summary = import_register(path=path, options=Options(accept_changes=True))
    assert summary.changed == 2


def test_newcomers_never_stop_an_import(import_bytes: Import, tmp_path: Path) -> None:
    import_bytes(register(row()))
    path = tmp_path / "new.txt"
    path.write_bytes(register(*(row(rpps(n)) for n in range(1, 30))))
    assert import_register(path=path).created == 28


def test_a_file_older_than_the_last_is_refused_unless_told(
    import_bytes: Import, tmp_path: Path
) -> None:
    newer = tmp_path / "PS_LibreAcces_Personne_activite_202611240730.txt"
    older = tmp_path / "PS_LibreAcces_Personne_activite_202611230730.txt"
    newer.write_bytes(register(row()))
    older.write_bytes(register(row(), row(rpps(2))))
    import_register(path=newer)
    with pytest.raises(RefusedFileError, match="older than the last import, of 2026-11-24"):
        import_register(path=older)
    assert import_register(path=older, options=Options(allow_older=True)).created == 1


def test_an_import_that_was_killed_is_closed_by_the_next(import_bytes: Import) -> None:
    killed = ImportBatch.objects.create(
        kind="personne_activite", file_name="x", sha256="0", started_at=clock.now()
    )
    assert import_bytes(register(row())).created == 1
    killed.refresh_from_db()
    assert (killed.state, killed.counts) == ("refused", {"reason": "interrupted"})


def test_nothing_of_an_import_that_breaks_in_its_last_step_is_seen(
    import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_bytes(register(row(), row(rpps(2))))
    before = everything()

    def full(*_arguments: object) -> None:
        raise OperationalError("No space left on device")

    monkeypatch.setattr(merge_staged, "merge_practices", full)
    with pytest.raises(OperationalError):
        import_bytes(register(row(nom="DURAND"), row(rpps(3))))
    assert everything() == before
