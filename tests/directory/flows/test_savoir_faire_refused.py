"""Files of savoir-faire that are refused, and rows that are left out: nothing else changes."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import OperationalError, connection

from idp.core.errors import IdpError
from idp.directory.flows.import_savoir_faire import import_savoir_faire
from idp.directory.flows.importing import ImportSummary, Options, TooManyChangesError
from idp.directory.gateways import bulk, merge_savoir_faire
from idp.directory.models import ImportBatch, SavoirFaire
from idp.directory.rules.register_columns import RefusedFileError
from tests.directory.register import fictitious_rpps, register, row, row_of, rpps
from tests.directory.savoir_faire import COLUMNS, HEADER, counts, everything, knows, shown, skill

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("agreement")]
Import = Callable[..., ImportSummary]


def test_more_than_a_twentieth_changed_stops_the_import_unless_told(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(*(row(rpps(n)) for n in range(60))))
    say(*(skill(n) for n in range(40)))
    before = everything()
    # Of the forty who had some: one has others, two have none any more.
    later = [skill(0, "SM04"), *(skill(n) for n in range(1, 38))]
    reason = "1 of 40 people would change and 2 would end"
    with pytest.raises(TooManyChangesError, match=reason) as caught:
        say(*later, accept_changes=False)
    assert caught.value.summary.by_profession == {"changed": {"10": 1}, "ended": {"10": 2}}
    assert everything() == before
    assert ImportBatch.objects.order_by("pk").last().state == "refused"  # type: ignore[union-attr]
    assert counts(say(*later)) == (0, 1, 37, 2)


def test_people_of_whom_nothing_was_said_never_stop_an_import(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(*(row(rpps(n)) for n in range(60))))
    say(skill(0), accept_changes=False)
    assert say(*(skill(n) for n in range(60)), accept_changes=False).created == 59


def test_a_file_older_than_the_last_is_refused_unless_told(
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row()), name="PS_LibreAcces_Personne_activite_202611250730.txt")
    say(skill(), name="PS_LibreAcces_SavoirFaire_202611240730.txt")
    older = "PS_LibreAcces_SavoirFaire_202611230730.txt"
    with pytest.raises(RefusedFileError, match="older than the last import, of 2026-11-24"):
        say(skill(99), name=older)
    assert say(skill(99), name=older, allow_older=True).ended == 1


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (HEADER.replace("Code profession|", "Profession|"), "missing column: Code profession"),
        (HEADER.replace("Libellé profession", "Code profession"), "given twice: Code profession"),
        (HEADER.replace("|", ";"), "not separated"),
    ],
)
def test_a_file_whose_columns_are_not_what_they_should_be_is_refused(
    say: Import, import_bytes: Import, header: str, reason: str
) -> None:
    import_bytes(register(row()))
    say(skill())
    before = everything()
    with pytest.raises(RefusedFileError, match=reason):
        say(skill(code="SM04"), header=header)
    assert everything() == before


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.txt"
    path.touch()
    with pytest.raises(RefusedFileError, match="the file is empty"):
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
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row(), row(rpps(2))))
    summary = say(
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
    say: Import, import_bytes: Import
) -> None:
    import_bytes(register(row()))
    say(skill())
    fictitious = row_of(COLUMNS, fictitious_rpps(1), **knows("SM04"))
    import_bytes(register(row(fictitious_rpps(1))), test_identities=True)
    summary = say(fictitious, skill(), test_identities=True)
    assert (counts(summary), summary.malformed) == ((1, 0, 0, 0), [(3, "not a test identity")])
    assert counts(say(skill())) == (0, 0, 1, 0)
    assert SavoirFaire.objects.filter(until=None).count() == 2


@pytest.mark.usefixtures("production")
def test_test_identities_cannot_be_imported_outside_a_sandbox(say: Import) -> None:
    with pytest.raises(IdpError) as caught:
        say(test_identities=True)
    assert caught.value.code == "test_identities_forbidden"
    assert not ImportBatch.objects.exists()


def test_nothing_of_an_import_that_breaks_in_its_last_step_is_seen(
    say: Import, import_bytes: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_bytes(register(row(), row(rpps(2))))
    say(skill())
    before = everything()

    def full(*_arguments: object) -> None:
        raise OperationalError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(merge_savoir_faire, "replace_snapshots", full)
        with pytest.raises(OperationalError):
            say(skill(code="SM04"), skill(2))
    assert everything() == before
    assert counts(say(skill(code="SM04"), skill(2))) == (1, 1, 0, 0)
    assert set(ImportBatch.objects.values_list("state", flat=True)) == {"done", "refused"}


def test_only_one_import_runs_at_a_time(say: Import) -> None:
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
            say(skill())
    finally:
        is_over.set()
        other.join()
    assert caught.value.code == "import_running"
    assert say(skill(99)).rows == 1
