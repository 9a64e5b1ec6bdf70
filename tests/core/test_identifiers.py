"""RPPS, ADELI, EDIT, PSI and employees' identifiers: what is read, what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.errors import IdpError
from idp.core.identifiers import (
    IdentifierOrigin,
    InvalidIdentifierError,
    NationalId,
    RppsId,
    group_for_reading,
    luhn_key,
    normalise_typed_identifier,
    parse_national_id,
)

# Published numbers of the ANS, all with a right key.
PUBLISHED_RPPS = [
    "10107592585", "10100271385", "99700218896", "99700366240",
    "99700427885", "99700771191", "99900063480", "99900038839",
]  # fmt: skip
ten_digits = st.text("0123456789", min_size=10, max_size=10)


@pytest.mark.parametrize("rpps", PUBLISHED_RPPS)
def test_a_published_rpps_number_is_accepted(rpps: str) -> None:
    assert RppsId(rpps).national_id == f"8{rpps}"


@given(ten_digits, st.integers(min_value=1, max_value=9))
def test_only_one_key_in_ten_is_right(body: str, shift: int) -> None:
    key = luhn_key(body)
    assert RppsId(f"{body}{key}").value == f"{body}{key}"
    with pytest.raises(InvalidIdentifierError):
        RppsId(f"{body}{(key + shift) % 10}")


@given(ten_digits, st.integers(min_value=0, max_value=9))
def test_one_mistyped_digit_is_always_seen(body: str, place: int) -> None:
    right = f"{body}{luhn_key(body)}"
    wrong = right[:place] + str((int(right[place]) + 1) % 10) + right[place + 1 :]
    with pytest.raises(InvalidIdentifierError):
        RppsId(wrong)


@pytest.mark.parametrize(
    "text",
    ["", "1010027138", "101002713850", "1010027138a", "10100271385\n", "１０１００２７１３８５"],
)
def test_what_is_not_eleven_plain_digits_is_no_rpps(text: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        RppsId(text)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("810100271385", IdentifierOrigin.RPPS),
        ("0012800728", IdentifierOrigin.ADELI),
        ("00B1058110", IdentifierOrigin.ADELI),
        ("ANS20231122132732", IdentifierOrigin.EDIT),
        ("550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd", IdentifierOrigin.PSI),
        ("3760021832/000000018", IdentifierOrigin.FINESS),
        ("30B0172805/CPET00001", IdentifierOrigin.FINESS),
        ("4987654321/A1", IdentifierOrigin.SIREN),
        ("500000000029751/CPAT0001", IdentifierOrigin.SIRET),
        ("699700366240007/12", IdentifierOrigin.CABINET_RPPS),
        ("1751234567/3", IdentifierOrigin.CABINET_ADELI),
    ],
)
def test_every_form_of_national_identifier_is_told_apart(
    text: str, origin: IdentifierOrigin
) -> None:
    assert parse_national_id(text) == NationalId(value=text, origin=origin)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10100271385",  # no type digit
        "810100271386",  # wrong key
        " 810100271385",
        "810100271385 ",
        "810100271385\n",
        "8 1010 0271 385",
        "00b1058110",  # a certificate writes it in capitals
        "2012800728",  # DRASS, gone
        "9012800728",  # student number, gone
        "ans20231122132732",
        "ANS2023112213273",
        "550DC1C8-D97B-4B1E-AC8C-8EB4471CF9DD",
        "500000000029751",  # an employee without a registre number
        "500000000029751/",
        "500000000029751/A B",
        "8101002713８5",
        "800001234567890123456789",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        parse_national_id(text)


@given(st.text(max_size=80))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    for read in (parse_national_id, normalise_typed_identifier, RppsId):
        try:
            read(text)
        except InvalidIdentifierError:
            continue


def test_a_refusal_is_both_a_value_error_and_the_house_error() -> None:
    with pytest.raises(ValueError) as caught:
        parse_national_id("x")
    assert isinstance(caught.value, IdpError)
    assert caught.value.code == "invalid_identifier"


def test_a_refusal_does_not_repeat_what_was_given() -> None:
    # What a person types into the wrong field may be a secret.
    with pytest.raises(InvalidIdentifierError) as caught:
        parse_national_id("motdepasse1234")
    assert "motdepasse" not in f"{caught.value!r}{caught.value}{caught.value.description}"


@pytest.mark.parametrize(
    "typed",
    [
        "810100271385",
        "10100271385",
        "8 1010 0271 385",
        "8\u202f1010\u00a00271\u2009385",
        " 1010 0271 385\n",
        "8-1010-0271-385",
        "8.1010.0271.385",
        "\u200b10100271385\ufeff",
        "１０１００２７１３８５",
    ],
)
def test_a_typed_rpps_is_understood_however_it_is_grouped(typed: str) -> None:
    assert normalise_typed_identifier(typed) == "810100271385"


@given(ten_digits, st.booleans(), st.sampled_from([" ", "\u00a0", ".", "-", ""]))
def test_grouping_and_the_leading_eight_never_change_who_is_meant(
    body: str, with_type: bool, separator: str
) -> None:
    rpps = RppsId(f"{body}{luhn_key(body)}")
    typed = separator.join(rpps.national_id if with_type else rpps.value)
    assert normalise_typed_identifier(typed) == rpps.national_id


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("0b1058110", "00B1058110"),
        ("00B 105 8110", "00B1058110"),
        ("75 1 23456 7", "0751234567"),
        ("ans 2023 1122 1327 32", "ANS20231122132732"),
        ("550DC1C8-D97B-4B1E-AC8C-8EB4471CF9DD", "550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd"),
        ("3760021832/000000018", "3760021832/000000018"),
    ],
)
def test_other_identifiers_may_be_typed_too(typed: str, meant: str) -> None:
    assert normalise_typed_identifier(typed) == meant


@pytest.mark.parametrize("typed", ["", "   ", "10100271386", "Dupont", "1" * 65, "8 1010 027"])
def test_a_typed_text_that_means_nobody_is_refused(typed: str) -> None:
    with pytest.raises(InvalidIdentifierError):
        normalise_typed_identifier(typed)


@pytest.mark.parametrize(
    ("national_id", "shown"),
    [
        ("810100271385", "8 1010 0271 385"),
        ("00B1058110", "0 0B1 058 110"),
        ("ANS20231122132732", "ANS20231122132732"),
        ("3760021832/000000018", "3760021832/000000018"),
    ],
)
def test_identifiers_are_grouped_for_reading(national_id: str, shown: str) -> None:
    assert group_for_reading(national_id) == shown


@given(ten_digits)
def test_what_is_shown_can_be_typed_back(body: str) -> None:
    national_id = RppsId(f"{body}{luhn_key(body)}").national_id
    assert normalise_typed_identifier(group_for_reading(national_id)) == national_id


@pytest.mark.parametrize(
    ("national_id", "is_test"),
    [
        ("899900000011", True),
        ("899700427885", True),
        ("810100271385", False),
        ("ANS20231122132732", True),
        ("00B1058110", True),
        ("02A1234567", False),
        ("0012800728", False),
        ("3760021832/000000018", False),
    ],
)
def test_fictitious_people_are_known_by_their_identifier(national_id: str, is_test: bool) -> None:
    assert parse_national_id(national_id).is_test is is_test
