"""One row: what it means, and every reason to leave it out."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.identifiers import IdentifierOrigin
from idp.directory.rules.activity import Activity
from idp.directory.rules.professional import SavoirFaire
from idp.directory.rules.register_columns import RegisterColumns
from idp.directory.rules.register_row import (
    LONGEST_VALUE,
    MalformedRowError,
    RegisterRow,
    parse_row,
)
from tests.directory.register import (
    COLUMNS,
    COLUMNS_READ,
    OLDER_COLUMNS,
    PRACTICE,
    fictitious_rpps,
    row,
    row_of,
    rpps,
)


def read(line: str | bytes, *, test_identities: bool = False) -> RegisterRow:
    raw = line if isinstance(line, bytes) else line.encode()
    return parse_row(COLUMNS_READ, raw, test_identities=test_identities)


def test_a_row_holds_person_exercice_savoir_faire_and_activity() -> None:
    parsed = read(row(code_type_savoir_faire="S", code_savoir_faire="SM54", **PRACTICE))
    assert parsed.national_id.value == f"8{rpps(1)}"
    assert (parsed.nom, parsed.prenom, parsed.code_civilite) == ("MARTIN", "Jean", "DR")
    assert parsed.savoir_faire == SavoirFaire(code_type="S", code="SM54")
    assert parsed.activity == Activity(**PRACTICE)


def test_empty_columns_mean_no_savoir_faire_and_no_practice() -> None:
    parsed = read(row())
    assert parsed.savoir_faire is None
    assert parsed.activity is None


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_line_ends_are_no_part_of_a_value(end: str) -> None:
    assert read(row() + end) == read(row())


def test_the_end_may_be_absent_where_no_value_can_be_what_is_missing() -> None:
    full = row()[:-1] + "Général|"
    assert read(full[:-1]) == read(full)
    with pytest.raises(MalformedRowError, match="55 columns, 56 expected"):
        read(row()[:-1])


@pytest.mark.parametrize("missing", range(len(COLUMNS)), ids=COLUMNS)
@pytest.mark.parametrize("last", ["", "Général"])
def test_a_row_that_lacks_a_value_is_malformed_whichever_it_is(missing: int, last: str) -> None:
    values = (row(**PRACTICE)[:-1] + last + "|").split("|")
    line = "|".join(values[:missing] + values[missing + 1 :])
    with pytest.raises(MalformedRowError, match="55 columns, 56 expected"):
        read(line)


def test_a_row_ends_as_the_header_does() -> None:
    columns = RegisterColumns.from_header("|".join(COLUMNS).encode())
    line = row(**PRACTICE).encode()
    assert parse_row(columns, line[:-1], test_identities=False).activity == Activity(**PRACTICE)
    with pytest.raises(MalformedRowError, match="57 columns, 56 expected"):
        parse_row(columns, line, test_identities=False)


def test_a_row_of_an_older_file_is_read() -> None:
    columns = RegisterColumns.from_header("|".join((*OLDER_COLUMNS, "")).encode())
    line = row_of(OLDER_COLUMNS, rpps(1), **PRACTICE).encode()
    assert parse_row(columns, line, test_identities=False).activity == Activity(**PRACTICE)


def test_an_old_adeli_identifier_is_read() -> None:
    parsed = read(row("012800728", type_identifiant="0", national_id="0012800728"))
    assert parsed.national_id.origin is IdentifierOrigin.ADELI


def test_control_characters_and_edges_are_cleaned() -> None:
    assert read(row(nom=" LE\tGOFF\x1b ")).nom == "LE GOFF"


# Letters, and all that is or looks like a control character or a space.
written = st.text(
    st.sampled_from("AÉàŒ’ \t\x1f\x7f\x85\x9f\xa0\xad\u1680\u2003\u200b\u2028\u202f\u3000\ufeff"),
    max_size=6,
)


@given(written, st.sampled_from(["utf-8", "cp1252"]))
def test_whatever_stands_around_a_value_is_taken_away(said: str, encoding: str) -> None:
    columns = replace(COLUMNS_READ, encoding=encoding)
    # As that encoding writes it.
    line = row(prenom=said, libelle_voie=said).encode(encoding, "ignore")
    said = said.encode(encoding, "ignore").decode(encoding)
    expected = re.sub("[\x00-\x1f\x7f-\x9f]+", " ", said).strip()
    parsed = parse_row(columns, line, test_identities=False)
    assert parsed.prenom == expected
    assert (parsed.activity.libelle_voie if parsed.activity else "") == expected


@given(
    st.sampled_from([at for at, said in enumerate(row().split("|")[:-1]) if not said]),
    st.integers(0, 600),
    st.integers(0, 3),
)
def test_a_value_is_measured_wherever_it_stands(column: int, length: int, around: int) -> None:
    values = row().split("|")
    values[column] = " " * around + "V" * length
    line = "|".join(values)
    if length <= LONGEST_VALUE:
        assert read(line).national_id.value == f"8{rpps(1)}"
    else:
        with pytest.raises(MalformedRowError, match="longer than 255"):
            read(line)


def test_a_small_e_is_a_student_too() -> None:
    assert read(row(code_categorie_professionnelle="e")).code_categorie_professionnelle == "E"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (row() + "x|", "57 columns"),
        (row()[:-2], "54 columns"),
        ("", "0 columns"),
        (row().split("|Jean")[0], "columns, 56 expected"),
        (row(nom="MAR\0TIN"), "NUL byte"),
        (row().encode().replace(b"MARTIN", b"B\xe9RANGER"), "not UTF-8"),
        (row(nom="M" * 256), "longer than 255"),
        (row("10100271386"), "check digit"),
        (row("1010027138"), "no form of national identifier"),
        (row(national_id=f"8{rpps(2)}"), "contradict"),
        (row(type_identifiant="0"), "contradict"),
        (row(identifiant=rpps(2)), "contradict"),
        (row(national_id=""), "contradict"),
        (row(national_id=f"8{rpps(1)}\u00a0"), "stray characters"),
        (row(code_profession=""), "no profession"),
        (row(code_profession="  "), "no profession"),
        (row(code_categorie_professionnelle=""), "no professional category"),
        (row(nom=""), "no name"),
        (row(fictitious_rpps(1)), "test identity"),
        (row("99700218896"), "test identity"),
        (row("0B1058110", type_identifiant="0", national_id="00B1058110"), "test identity"),
    ],
)
def test_a_malformed_row_says_why(line: str | bytes, reason: str) -> None:
    with pytest.raises(MalformedRowError, match=reason):
        read(line)


def test_a_test_identity_is_read_only_where_test_identities_are_imported() -> None:
    assert read(row(fictitious_rpps(1)), test_identities=True).national_id.is_test


def test_a_real_person_cannot_be_imported_as_a_test_identity() -> None:
    with pytest.raises(MalformedRowError, match="not a test identity"):
        read(row(), test_identities=True)


@given(st.binary(max_size=400))
def test_no_bytes_make_the_parser_fail_otherwise(raw: bytes) -> None:
    with pytest.raises(MalformedRowError):
        read(raw)
