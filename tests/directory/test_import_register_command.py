"""`manage.py import_register`: what it prints and how it exits."""

import os
import subprocess
import sys
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from idp.directory.models import Exercice, ImportBatch, Person, SavoirFaire
from idp.directory.rules.official_headers import SAVOIR_FAIRE_FILE
from tests.directory.register import (
    COLUMNS,
    SANDBOX_FILE,
    fictitious_rpps,
    register,
    row,
    row_of,
    rpps,
)

ROOT = Path(__file__).resolve().parents[2]


KNOWN = {"code_type_savoir_faire": "S", "code_savoir_faire": "SM54"}
SAVOIR_FAIRE = register(
    *(row_of([*SAVOIR_FAIRE_FILE], rpps(number), **KNOWN) for number in (1, 2)),
    header="|".join((*SAVOIR_FAIRE_FILE, "")),
)


def run(path: Path, *options: str) -> tuple[int, str, str]:
    """Exit status, standard output, standard error."""
    out, err = StringIO(), StringIO()
    try:
        call_command("import_register", str(path), *options, stdout=out, stderr=err)
    except CommandError as error:
        return error.returncode, out.getvalue(), f"{err.getvalue()}{error}"
    return 0, out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_all_imported_is_status_0() -> None:
    status, out, err = run(SANDBOX_FILE, "--test-identities")
    assert (status, err) == (0, "")
    assert "43 rows; persons: 20 created, 0 changed, 0 unchanged" in out


@pytest.mark.django_db
def test_a_refused_file_is_status_1_and_says_why(tmp_path: Path) -> None:
    status, out, err = run(tmp_path / "absent.txt")
    assert (status, out) == (1, "")
    assert "refused, nothing has changed" in err


@pytest.mark.django_db
@pytest.mark.usefixtures("production")
def test_test_identities_outside_a_sandbox_are_status_1() -> None:
    status, _, err = run(SANDBOX_FILE, "--test-identities")
    assert status == 1
    assert "test_identities_forbidden" in err


@pytest.mark.django_db
def test_malformed_rows_are_status_2_with_line_numbers_on_stderr(tmp_path: Path) -> None:
    path = tmp_path / "register.txt"
    path.write_bytes(register(row(), *(["bad"] * 23), row(rpps(2))))
    status, out, err = run(path)
    assert status == 2
    assert "2 created" in out
    assert "line 3: 1 columns, 56 expected" in err
    assert "line 22: " in err
    assert "line 23: " not in err
    assert "… and 3 more" in err
    assert "23 malformed rows left out" in err


def test_the_exit_status_reaches_the_shell(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "HYGIE_MODE": "sandbox",
        "HYGIE_DATA_DIR": str(tmp_path),
        "DATABASE_URL": f"sqlite:///{tmp_path / 'shell.sqlite3'}",
    }

    def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=environment, capture_output=True, text=True,
        )  # fmt: skip

    assert manage("migrate", "directory", "-v0").returncode == 0
    bad = tmp_path / "bad.txt"
    assert manage("import_register", "--test-identities", str(SANDBOX_FILE)).returncode == 0
    assert manage("import_register", str(tmp_path)).returncode == 1
    bad.write_bytes(SANDBOX_FILE.read_bytes()[:-1] + b"\nbad\n")
    answer = manage("import_register", "--test-identities", str(bad))
    assert answer.returncode == 2
    assert "line 45: " in answer.stderr
    bad.write_bytes(register(row(fictitious_rpps(4711))))
    answer = manage("import_register", "--test-identities", str(bad))
    # The RPPS numbers of the sandbox are no longer in it: the guard.
    assert answer.returncode == 1
    assert "0 of 20 people would change and 19 would end, more than 5%" in answer.stderr


@pytest.mark.django_db
def test_an_import_is_listed_and_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "register.txt"
    path.write_bytes(register(*(row(rpps(n)) for n in range(3))))
    run(path)
    before = {person.pk: person.snapshot for person in Person.objects.all()}
    path.write_bytes(register(row(rpps(0), nom="DURAND"), row(rpps(1)), row(rpps(9))))
    _, out, _ = run(path, "--accept-changes")
    assert "1 created, 1 changed, 1 unchanged, 1 ended" in out
    last = ImportBatch.objects.latest("pk")
    first = ImportBatch.objects.earliest("pk")
    out_list = StringIO()
    call_command("import_register", "--list", stdout=out_list)
    assert out_list.getvalue().startswith(f"{last.pk}  ")
    with pytest.raises(CommandError, match="not_the_last"):
        call_command("import_register", "--rollback", str(first.pk))
    call_command("import_register", "--rollback", str(last.pk), stdout=StringIO())
    present = Person.objects.filter(left_register_at=None)
    assert {person.pk: person.snapshot for person in present} == before
    assert set(Exercice.objects.filter(person__in=present).values_list("nom", flat=True)) == {
        "MARTIN"
    }
    assert ImportBatch.objects.get(pk=last.pk).state == "rolled_back"
    with pytest.raises(CommandError, match=f"import {last.pk} is rolled_back: there is nothing"):
        call_command("import_register", "--rollback", str(last.pk))
    with pytest.raises(CommandError, match="nothing_before"):
        call_command("import_register", "--rollback", str(first.pk))


@pytest.mark.django_db
@pytest.mark.parametrize("options", [["--list"], ["--rollback", "1"]])
def test_a_file_beside_what_takes_none_is_a_mistake(tmp_path: Path, options: list[str]) -> None:
    status, out, err = run(SANDBOX_FILE, *options)
    assert (status, out) == (1, "")
    assert "take no file; nothing has changed" in err


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["personne_activite", "psc"])
def test_a_made_register_is_imported_without_a_flaw(tmp_path: Path, kind: str) -> None:
    def make(name: str, *options: str) -> Path:
        path = tmp_path / name
        given = ("--people", "200", "--output", str(path), "--kind", kind, *options)
        call_command("make_register", *given, stdout=StringIO())
        return path

    first = make("a.txt")
    assert first.read_bytes() == make("b.txt").read_bytes()
    status, out, err = run(first, "--test-identities")
    assert (status, err) == (0, "")
    assert "200 created, 0 changed" in out
    status, out, _ = run(make("c.txt", "--changed", "3%", "--ended", "1%"), "--test-identities")
    assert status == 0
    assert "0 created" in out
    assert " 0 changed" not in out
    assert run(first, "--test-identities")[0] == 0


@pytest.mark.django_db
def test_a_file_of_savoir_faire_is_known_by_its_header_listed_and_taken_back(
    tmp_path: Path,
) -> None:
    path = tmp_path / "register.txt"
    path.write_bytes(register(row()))
    run(path)
    path.write_bytes(SAVOIR_FAIRE)
    status, out, _ = run(path)
    assert status == 0
    assert "2 rows; persons: 1 created, 0 changed, 0 unchanged, 0 ended" in out
    assert "rows left out: 1 unknown" in out
    assert SavoirFaire.objects.get().code == "SM54"
    assert "skipped" in run(path)[1]
    out_list = StringIO()
    call_command("import_register", "--list", stdout=out_list)
    assert "  savoir_faire  done  register.txt  1 created" in out_list.getvalue()
    last = ImportBatch.objects.latest("pk")
    call_command("import_register", "--rollback", str(last.pk), stdout=StringIO())
    assert not SavoirFaire.objects.exists()


@pytest.mark.django_db
def test_one_archive_of_both_files_is_imported_twice(tmp_path: Path) -> None:
    path = tmp_path / "PS_LibreAcces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("PS_LibreAcces_Personne_activite_202611240730.txt", register(row()))
        archive.writestr("PS_LibreAcces_SavoirFaire_202611240730.txt", SAVOIR_FAIRE)
        archive.writestr("PS_LibreAcces_Dipl_AutExerc_202611240730.txt", b"-")
    assert run(path)[0] == 0
    assert not SavoirFaire.objects.exists()
    assert run(path, "--savoir-faire")[0] == 0
    assert SavoirFaire.objects.get().code == "SM54"
    assert ImportBatch.objects.latest("pk").kind == "savoir_faire"


@pytest.mark.django_db
def test_a_register_of_people_is_never_taken_for_a_file_of_savoir_faire(tmp_path: Path) -> None:
    columns = ["Mode" if name == "Code mode exercice" else name for name in COLUMNS]
    path = tmp_path / "register.txt"
    path.write_bytes(register(row(**KNOWN), header="|".join((*columns, ""))))
    status, _, err = run(path)
    assert status == 1
    assert "missing column: Code mode exercice" in err
    status, _, err = run(path, "--savoir-faire")
    assert status == 1
    assert "not a file of savoir-faire: it holds practices" in err


@pytest.mark.django_db
def test_made_savoir_faire_are_those_of_the_made_register(tmp_path: Path) -> None:
    def make(name: str, *options: str) -> Path:
        path = tmp_path / name
        given = ("--people", "200", "--output", str(path), *options)
        call_command("make_register", *given, stdout=StringIO())
        return path

    run(make("people.txt"), "--test-identities")
    before = {person.pk: person.snapshot for person in Person.objects.all()}
    own = ("person", "code_profession", "code_categorie_professionnelle", "code_type", "code")
    said = {*SavoirFaire.objects.values_list(*own)}
    path = make("savoir.txt", "--kind", "savoir_faire")
    assert path.read_bytes() == make("again.txt", "--kind", "savoir_faire").read_bytes()
    status, out, err = run(path, "--test-identities")
    assert (status, err) == (0, "")
    assert "left out" not in out
    assert {*SavoirFaire.objects.filter(source="savoir_faire").values_list(*own)} == said
    assert len(said) > 20
    assert {person.pk: person.snapshot for person in Person.objects.all()} == before
    # Renamed and gone alike: nothing is said of who is no longer in the register of people.
    fate = ("--changed", "3%", "--ended", "10%")
    run(make("people.txt", *fate), "--test-identities", "--accept-changes")
    later = make("savoir.txt", "--kind", "savoir_faire", *fate)
    status, out, _ = run(later, "--test-identities")
    assert status == 0
    assert "persons: 0 created, 0 changed" in out
    assert "left out" not in out
