"""Files that are not what they should be: one sentence, an exit status, and nothing has changed."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from idp.directory.flows.find import find_professional
from idp.directory.models import ImportBatch, Person
from tests.directory.digest import directory_digest
from tests.directory.register import HEADER, SANDBOX_FILE
from tests.directory.test_import_register_command import run

WHOLE = SANDBOX_FILE.read_bytes()
LINES = WHOLE.splitlines()
LAST = LINES[-1]
Edit = Callable[[bytes], bytes]
CONTRADICTING = "line 2: the three identifier columns"
NO_ROW = "none of 43 rows can be read"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sandbox_people")]


def imported(tmp_path: Path, content: bytes, *options: str) -> tuple[int, str, str]:
    path = tmp_path / "register.txt"
    path.write_bytes(content)
    status, out, err = run(path, "--test-identities", *options)
    return status, out, err.replace(str(path), "register.txt")


def swapped(content: bytes, one: str, other: str) -> bytes:
    """With two names of the header in each other's place, and the rows as they were."""
    header, _, rows = content.partition(b"\n")
    names = header.decode().split("|")
    a, b = names.index(one), names.index(other)
    names[a], names[b] = names[b], names[a]
    return "|".join(names).encode() + b"\n" + rows


def moved(content: bytes, one: str, other: str) -> bytes:
    """With two columns in each other's place: header and rows."""
    names = content.partition(b"\n")[0].decode().split("|")
    a, b = names.index(one), names.index(other)
    lines = [line.split(b"|") for line in content.splitlines()]
    for values in lines:
        values[a], values[b] = values[b], values[a]
    return b"".join(b"|".join(values) + b"\n" for values in lines)


def zipped(content: bytes, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", how) as archive:
        archive.writestr("PS_LibreAcces_Personne_activite_202611240730.txt", content)
    return packed.getvalue()


def damaged_zip(content: bytes, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = bytearray(zipped(content, how))
    packed[len(packed) // 2] ^= 0xFF
    return bytes(packed)


def zipped_by(method: int, content: bytes) -> bytes:
    """As if packed by another method: in the member's header and in the directory."""
    packed = bytearray(zipped(content))
    packed[8] = packed[packed.index(b"PK\x01\x02") + 10] = method
    return bytes(packed)


REFUSED: dict[str, tuple[Edit, str]] = {
    "empty": (lambda _: b"", "the file is empty"),
    "blank lines": (lambda _: b"\n \n\n", "the file is empty"),
    "header cut": (lambda c: c[:600], "missing column: "),
    "gzip cut": (lambda c: gzip.compress(c)[:-30], "cannot be read: "),
    "gzip cut in its header": (lambda c: gzip.compress(c)[:5], "cannot be read: "),
    "zip cut": (lambda c: zipped(c)[:-30], "cannot be read: "),
    "zip cut in the middle": (lambda c: zipped(c)[: len(zipped(c)) // 2], "cannot be read: "),
    "zip damaged": (damaged_zip, "cannot be read: "),
    "zip of LZMA damaged": (lambda c: damaged_zip(c, zipfile.ZIP_LZMA), "cannot be read: "),
    # Deflate64, as Windows packs what is large.
    "zip that Python cannot unpack": (
        lambda c: zipped_by(9, c), "an archive that must be unpacked first: ",
    ),
    "semicolons": (
        lambda c: c.replace(b"|", b";"),
        "not a register file: the columns are not separated by |",
    ),
    "tabs": (
        lambda c: c.replace(b"|", b"\t"),
        "not a register file: the columns are not separated by |",
    ),
    "semicolons with spaces": (
        lambda c: c.replace(b"|", b" ; "),
        "not a register file: the columns are not separated by |",
    ),
    "no header": (lambda c: c.partition(b"\n")[2], "the first line is no header"),
    "column missing": (
        lambda c: c.replace(b"|Code profession|", b"|Profession|", 1),
        "missing column: Code profession",
    ),
    "column twice": (
        lambda c: c.replace("|Libellé profession|".encode(), b"|Code profession|", 1),
        "column given twice: Code profession",
    ),
    "column that is not read twice": (
        lambda c: c.replace("|Libellé commune (coord. structure)|".encode(),
                            "|Libellé pays (coord. structure)|".encode(), 1),
        "column given twice: Libellé pays (coord. structure)",
    ),
    "NUL in the header": (
        lambda c: c.replace(b"|Code profession|", b"|Code\0profession|", 1),
        "missing column: Code profession",
    ),
    "header of a megabyte": (lambda c: b"x" * 1_000_000 + c, "the first line is no header"),
    "UTF-16": (lambda c: c.decode().encode("utf-16"), "the first line is no header"),
    "a picture": (
        lambda _: b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
        "not a register file: the columns are not separated by |",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_cannot_be_trusted_is_refused_in_one_sentence(
    tmp_path: Path, name: str
) -> None:
    edit, sentence = REFUSED[name]
    before = directory_digest()
    status, out, err = imported(tmp_path, edit(WHOLE))
    assert (status, out) == (1, "")
    assert err.startswith(f"register.txt: refused, nothing has changed: {sentence}")
    assert len(err) < 2000
    assert "\n" not in err
    assert "Traceback" not in err
    assert directory_digest() == before


def test_a_file_cut_anywhere_in_its_last_line_is_refused_by_the_line(tmp_path: Path) -> None:
    before = directory_digest()
    content = WHOLE.removesuffix(b"\n")
    for left in range(1, len(LAST)):
        status, _, err = imported(tmp_path, content[: -len(LAST)] + LAST[:left])
        assert (status, err) == (
            1,
            "register.txt: refused, nothing has changed: the file breaks off in line 44",
        ), LAST[:left]
    assert directory_digest() == before


def test_a_file_without_its_last_line_end_is_whole(tmp_path: Path) -> None:
    before = directory_digest()
    status, out, err = imported(tmp_path, WHOLE.removesuffix(b"\n"))
    assert (status, err) == (0, "")
    assert "0 created, 0 changed, 20 unchanged, 0 ended" in out
    assert directory_digest() == before


SAME: dict[str, Edit] = {
    "BOM": lambda c: b"\xef\xbb\xbf" + c,
    "CRLF": lambda c: c.replace(b"\n", b"\r\n"),
    "gzip": gzip.compress,
    "zip": zipped,
    "two columns moved": lambda c: moved(c, "Nom d'exercice", "Code profession"),
    "identifier moved": lambda c: moved(c, "Identification nationale PP", "Libellé genre activité"),
    "a new column": lambda c: c.replace(b"|\n", b"|x|\n").replace(b"|x|\n", b"|Nouveau|\n", 1),
    "blank lines between": lambda c: c.replace(b"\n", b"\n\n"),
    "spaces about values": lambda c: c.replace(b"|", b" | ").replace(b" | \n", b"|\n"),
}


@pytest.mark.parametrize("name", SAME)
def test_what_does_not_matter_changes_nothing(tmp_path: Path, name: str) -> None:
    before = directory_digest(beside_the_file=True)
    status, out, err = imported(tmp_path, SAME[name](WHOLE))
    assert (status, err) == (0, "")
    assert "0 created, 0 changed, 20 unchanged, 0 ended" in out
    assert directory_digest(beside_the_file=True) == before


@pytest.mark.parametrize(
    ("one", "other", "reason", "why"),
    [
        (*("Identifiant PP", "Identification nationale PP"), CONTRADICTING, NO_ROW),
        (*("Identification nationale PP", "Nom d'exercice"), CONTRADICTING, NO_ROW),
        (*("Type d'identifiant PP", "Identifiant PP"), CONTRADICTING, NO_ROW),
        (*("Code profession", "Numéro SIRET site"), "line 3: no profession", "more than 5%"),
    ],
)
def test_a_header_that_does_not_fit_the_rows_stops_and_says_what_is_wrong_with_them(
    tmp_path: Path, one: str, other: str, reason: str, why: str
) -> None:
    before = directory_digest()
    status, _, err = imported(tmp_path, swapped(WHOLE, one, other))
    *named, sentence = err.splitlines()
    assert status == 1
    assert sentence.startswith("register.txt: refused, nothing has changed: ")
    assert why in sentence
    assert any(line.startswith(reason) for line in named)
    assert directory_digest() == before


def test_columns_that_read_alike_are_caught_by_the_guard(tmp_path: Path) -> None:
    before = directory_digest()
    content = swapped(WHOLE, "Code profession", "Code catégorie professionnelle")
    status, _, err = imported(tmp_path, content)
    assert status == 1
    assert "20 of 20 people would change and 0 would end, more than 5%" in err
    assert directory_digest() == before


UNREADABLE: dict[str, tuple[Edit, list[str]]] = {
    "identifiers swapped": (
        lambda c: swapped(c, "Identification nationale PP", "Nom d'exercice"),
        [NO_ROW, "… and 23 more", "line 21: the three identifier columns contradict one another"],
    ),
    "semicolons after the header": (
        lambda c: c.partition(b"\n")[0] + b"\n" + c.partition(b"\n")[2].replace(b"|", b";"),
        [NO_ROW, "… and 23 more", "line 21: 1 columns, 56 expected"],
    ),
    "header alone": (lambda c: c.partition(b"\n")[0] + b"\n", ["no row follows the first line"]),
}


@pytest.mark.parametrize("name", UNREADABLE)
@pytest.mark.parametrize("options", [(), ("--accept-changes",)])
def test_where_no_row_can_be_read_nobody_ends_whatever_is_accepted(
    tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    edit, last_lines = UNREADABLE[name]
    before = directory_digest()
    status, out, err = imported(tmp_path, edit(WHOLE), *options)
    assert (status, out) == (1, "")
    said = err.splitlines()[::-1][: len(last_lines)]
    assert said == [f"register.txt: refused, nothing has changed: {last_lines[0]}", *last_lines[1:]]
    assert directory_digest() == before
    refused = ImportBatch.objects.latest("pk")
    assert (refused.state, refused.counts) == ("refused", {"reason": last_lines[0]})


def in_line_3(edit: Edit) -> bytes:
    return b"".join((edit(line) if n == 3 else line) + b"\n" for n, line in enumerate(LINES, 1))


LEFT_OUT: dict[str, tuple[Edit, str]] = {
    "NUL": (lambda line: line.replace(b"Camille", b"Cam\0ille"), "NUL byte"),
    "a megabyte": (
        lambda line: line.replace(b"Camille", b"C" * 1_000_000),
        "longer than 65536 bytes",
    ),
    "not UTF-8": (lambda line: line.replace("è".encode(), b"\xe8"), "not UTF-8"),
    "overlong UTF-8": (lambda line: line.replace("è".encode(), b"\xc0\xaf"), "not UTF-8"),
    "a surrogate": (lambda line: line.replace("è".encode(), b"\xed\xa0\x80"), "not UTF-8"),
    "columns less": (lambda line: line.rsplit(b"|", 3)[0] + b"|", "54 columns, 56 expected"),
    "a column more": (lambda line: line + b"x|", "57 columns, 56 expected"),
    "a long value": (
        lambda line: line.replace(b"Camille", b"C" * 300),
        "a value longer than 255 characters",
    ),
    "no profession": (lambda line: line.replace(b"|10|", b"||"), "no profession"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_a_bad_row_is_left_out_by_its_line_and_its_person_keeps_the_others(
    tmp_path: Path, name: str
) -> None:
    edit, reason = LEFT_OUT[name]
    content = in_line_3(edit)
    assert content != WHOLE
    doctor = "899900000011"
    others = Person.objects.exclude(national_id=doctor).order_by("pk")
    before = list(others.values())
    # The other row of the doctor: one practice in place of two.
    status, out, err = imported(tmp_path, content)
    assert status == 2
    assert "43 rows; persons: 0 created, 1 changed, 19 unchanged, 0 ended" in out
    assert err == f"line 3: {reason}\n1 malformed rows left out"
    assert list(others.values()) == before
    found = find_professional(identifier=doctor)
    assert found is not None
    assert [len(each.activities) for each in found.exercices] == [1]


def test_a_wrong_check_digit_is_named_and_its_person_stays_as_they_were(tmp_path: Path) -> None:
    before = directory_digest(beside_the_file=True)
    nurse = next(number for number, line in enumerate(LINES, 1) if b"|899900000045|" in line)
    content = WHOLE + LINES[nurse - 1].replace(b"99900000045", b"99900000046") + b"\n"
    status, out, err = imported(tmp_path, content)
    assert (status, err) == (
        2,
        "line 45: identifier: the RPPS check digit is wrong\n1 malformed rows left out",
    )
    assert "0 created, 0 changed, 20 unchanged, 0 ended" in out
    assert directory_digest(beside_the_file=True) == before


def test_the_very_file_is_skipped_and_said(tmp_path: Path) -> None:
    before, batches = directory_digest(), ImportBatch.objects.count()
    for _ in range(2):
        status, out, err = imported(tmp_path, WHOLE)
        assert (status, err) == (0, "")
        assert "the very file of import" in out
    assert (directory_digest(), ImportBatch.objects.count()) == (before, batches)


def test_an_older_file_is_refused_and_said(tmp_path: Path) -> None:
    newer = tmp_path / "PS_LibreAcces_Personne_activite_202611240730.txt"
    older = tmp_path / "PS_LibreAcces_Personne_activite_202611230730.txt"
    newer.write_bytes(WHOLE.replace(b"|Camille|", b"|Camilla|"))
    older.write_bytes(WHOLE)
    assert run(newer, "--test-identities")[0] == 0
    before = directory_digest()
    status, out, err = run(older, "--test-identities")
    assert (status, out) == (1, "")
    assert err == (
        f"{older}: refused, nothing has changed: older than the last import, of "
        "2026-11-24 07:30; --allow-older imports it all the same"
    )
    assert directory_digest() == before


@pytest.mark.parametrize("name", ["register_20260230.txt", "register_20261399.txt", "r_2026.txt"])
def test_a_date_in_a_name_that_is_none_says_nothing(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(WHOLE.replace(b"|Camille|", b"|Camilla|"))
    assert run(path, "--test-identities")[0] == 0
    assert ImportBatch.objects.latest("pk").file_date is None


def test_rows_without_a_header_that_fits_are_never_guessed(tmp_path: Path) -> None:
    """By name, never by place: the header of another file is refused."""
    before = directory_digest()
    shorter = "|".join(HEADER.split("|")[:20]) + "|"
    status, _, err = imported(tmp_path, shorter.encode() + b"\n" + b"\n".join(LINES[1:]))
    assert status == 1
    assert "missing column: " in err
    assert directory_digest() == before
