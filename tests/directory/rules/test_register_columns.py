"""Columns are found by their names; what is missing is named."""

import pytest

from idp.directory.rules.register_columns import (
    ACTIVITY_COLUMNS,
    PERSON_COLUMNS,
    RefusedFileError,
    RegisterColumns,
)
from tests.directory.register import COLUMNS, HEADER, OLDER_COLUMNS


def header(columns: list[str], end: str = "|\n") -> bytes:
    return ("|".join(columns) + end).encode()


def test_the_official_header_has_56_columns_and_an_empty_one() -> None:
    assert len(COLUMNS) == 56
    assert RegisterColumns.from_header(HEADER.encode()).width == 56


@pytest.mark.parametrize("end", ["|", "|\n", "|\r\n", "", "\n"])
def test_line_ends_and_the_trailing_column_do_not_matter(end: str) -> None:
    assert RegisterColumns.from_header(header(COLUMNS, end)).width == 56


def test_a_byte_order_mark_is_tolerated() -> None:
    plain = RegisterColumns.from_header(HEADER.encode())
    assert RegisterColumns.from_header(b"\xef\xbb\xbf" + HEADER.encode()) == plain


def test_columns_in_another_order_are_found() -> None:
    found = RegisterColumns.from_header(header(COLUMNS[::-1]))
    assert found.person["national_id"] == 55 - COLUMNS.index("Identification nationale PP")


def test_unknown_columns_are_tolerated() -> None:
    assert RegisterColumns.from_header(header(["Nouveauté", *COLUMNS, "Autre"])).width == 58


def test_an_older_file_without_role_and_kind_of_activity_is_read() -> None:
    found = RegisterColumns.from_header(header(OLDER_COLUMNS))
    assert "code_role" not in found.activity
    assert "code_genre_activite" not in found.activity
    assert "code_section_pharmacien" in found.activity


@pytest.mark.parametrize(
    "column",
    [
        column
        for column in (*PERSON_COLUMNS.values(), *ACTIVITY_COLUMNS.values())
        if column in OLDER_COLUMNS
    ],
)
def test_a_missing_column_is_refused_by_its_name(column: str) -> None:
    with pytest.raises(RefusedFileError, match="missing column") as caught:
        RegisterColumns.from_header(header([name for name in COLUMNS if name != column]))
    assert column in str(caught.value)


def test_a_column_given_twice_is_refused_by_its_name() -> None:
    with pytest.raises(RefusedFileError, match="given twice: Code profession"):
        RegisterColumns.from_header(header([*COLUMNS, "Code profession"]))


def test_a_wrong_separator_is_said() -> None:
    with pytest.raises(RefusedFileError, match=r"not separated by \|"):
        RegisterColumns.from_header(HEADER.replace("|", ";").encode())


def test_a_latin_1_header_makes_a_latin_1_file() -> None:
    assert RegisterColumns.from_header(HEADER.encode()).encoding == "utf-8"
    found = RegisterColumns.from_header(HEADER.encode("latin-1"))
    assert (found.encoding, found.width) == ("cp1252", 56)
