"""Files of changed numbers as they may be and as they should not be: named, refused, no change."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from idp.core.errors import IdpError
from idp.directory.flows.toggle import Toggled, toggle_identifiers
from idp.directory.models import Person
from tests.directory.register import fictitious_rpps, register
from tests.directory.test_toggle import ADELI, HEADER, RPPS, Import, adeli_row, only_person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-8-sig"])
def test_columns_are_found_by_name_in_either_encoding(
    import_bytes: Import, toggle: Callable[..., Toggled], encoding: str
) -> None:
    import_bytes(register(adeli_row()))
    header = "N° RPPS;N° ADELI"
    assert toggle(f"{RPPS};{ADELI}", header=header, encoding=encoding).renamed == 1
    only_person()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{ADELI};{RPPS[:-1]}{(int(RPPS[-1]) + 1) % 10}", "check digit"),
        (f"{ADELI}", "1 columns instead of 2"),
        (f"7512;{RPPS}", "no form"),
        (f"{RPPS};{ADELI}", "no form"),
        (f"{ADELI};{fictitious_rpps(1)}", "a test identity"),
    ],
)
def test_a_bad_row_is_named_and_the_others_are_done(
    import_bytes: Import, tmp_path: Path, line: str, reason: str
) -> None:
    import_bytes(register(adeli_row()))
    path = tmp_path / "bascule.csv"
    path.write_text(f"{HEADER}\n{line}\n{ADELI};{RPPS}\n")
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="1 malformed rows") as refused:
        call_command("toggle_identifiers", str(path), stdout=out, stderr=err)
    assert refused.value.returncode == 2
    assert err.getvalue().startswith("line 2: ")
    assert reason in err.getvalue()
    assert "1 renamed" in out.getvalue()
    only_person()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "the file is empty"),
        ("ADELI;RPPS\n", "column missing: N° ADELI"),
        ("N° ADELI;N° RPPS;N° RPPS\n", "column given twice: N° RPPS"),
        ("N° ADELI|N° RPPS\n", "column missing"),
        (f"{HEADER}\n{RPPS}\n7512\n", "none of 2 rows can be read; line 2: 1 columns instead of 2"),
    ],
)
def test_a_file_that_is_something_else_is_refused(
    import_bytes: Import, tmp_path: Path, content: str, reason: str
) -> None:
    import_bytes(register(adeli_row()))
    path = tmp_path / "bascule.csv"
    path.write_text(content)
    with pytest.raises(CommandError, match="nothing has changed") as refused:
        call_command("toggle_identifiers", str(path))
    assert reason in str(refused.value)
    assert Person.objects.get().national_id == f"0{ADELI}"


@pytest.mark.usefixtures("production")
def test_test_identities_are_for_the_sandbox(tmp_path: Path) -> None:
    path = tmp_path / "bascule.csv"
    path.write_text(f"{HEADER}\n")
    with pytest.raises(IdpError) as caught:
        toggle_identifiers(path=path, test_identities=True)
    assert caught.value.code == "test_identities_forbidden"
