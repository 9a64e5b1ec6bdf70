"""States, codes, names, encodings: the small rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.core.callers import network_of
from idp.enrollment.rules.codes import (
    CODE_ALPHABET,
    code_from,
    grouped,
    normalised_code,
    number_from,
)
from idp.enrollment.rules.encoding import b64u, canonical_json, from_b64u
from idp.enrollment.rules.people import browser_label, clean_label, masked_name
from idp.enrollment.rules.states import (
    DEVICE_SOURCES,
    ENROLMENT_SOURCES,
    REQUEST_SOURCES,
    SHOWN,
    DeviceState,
    EnrolmentState,
    RequestState,
)
from idp.enrollment.rules.transcript import fingerprint


@given(st.binary())
def test_base64url_comes_back(data: bytes) -> None:
    assert from_b64u(b64u(data)) == data


@pytest.mark.parametrize("text", ["AA==", "A", "AB", "a b", "é", "AA\n", "+/"])
def test_other_spellings_of_base64url_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        from_b64u(text)


@pytest.mark.parametrize("value", [True, None, 1.5, ["a"]])
def test_canonical_json_takes_strings_and_integers_only(value: object) -> None:
    with pytest.raises(ValueError):
        canonical_json({"a": value})  # type: ignore[dict-item]


def test_half_a_character_cannot_be_signed() -> None:
    with pytest.raises(UnicodeEncodeError):
        canonical_json({"a": "\ud800"})


@given(st.binary(min_size=8, max_size=32))
def test_a_code_has_ten_characters_that_nobody_misreads(data: bytes) -> None:
    code = code_from(data)
    assert len(code) == 10
    assert set(code) <= set(CODE_ALPHABET)
    assert not set("ILOU") & set(code)
    assert normalised_code(grouped(code).lower()) == code


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("abcde-fghjk", "ABCDEFGHJK"),
        (" ABCDE FGHJK ", "ABCDEFGHJK"),
        ("OIL23-45678", "0112345678"),
        ("ABCDE-FGHJ", ""),
        ("ABCDE-FGHJKM", ""),
        ("ABCDE-FGHJ!", ""),
        ("UUUUU-UUUUU", ""),
    ],
)
def test_a_typed_code_is_read_as_meant(typed: str, meant: str) -> None:
    assert normalised_code(typed) == meant


@given(st.binary(min_size=8, max_size=32))
def test_a_number_has_two_digits_and_no_leading_zero(data: bytes) -> None:
    assert 10 <= int(number_from(data)) <= 99


@given(st.binary(min_size=32, max_size=32))
def test_a_fingerprint_has_six_digits(transcript: bytes) -> None:
    assert len(fingerprint(transcript)) == 6
    assert fingerprint(transcript).isdigit()


def test_a_masked_name_helps_only_who_knows_it() -> None:
    assert masked_name(given_names="Camille", family_name="Lefèvre") == "C. L•••••"


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0", "Firefox · Windows"),
        ("… (X11; Linux x86_64) AppleWebKit Chrome/156.0 Safari/537.36", "Chrome · Linux"),
        ("… (Windows NT 10.0) Chrome/156 Safari/537.36 Edg/156.0", "Edge · Windows"),
        ("… (Linux; Android 15; Pixel 7) Chrome/156 Mobile Safari", "Chrome · Android"),
        ("… (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18 Safari/604", "Safari · iPhone"),
        ("curl/8", ""),
    ],
)
def test_a_browser_is_named(user_agent: str, label: str) -> None:
    assert browser_label(user_agent) == label


def test_a_label_is_one_visible_line() -> None:
    assert clean_label(" Pixel\u202e 7\n\t·\x00 Chrome ") == "Pixel 7 · Chrome"
    assert len(clean_label("x" * 200)) == 64


def test_tries_are_counted_by_subscriber() -> None:
    assert network_of("192.0.2.7") == "192.0.2.7"
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2:ffff::1")
    assert network_of("not an address") == "unknown"


def test_the_tables_say_every_state() -> None:
    assert set(DEVICE_SOURCES) == set(DeviceState)
    assert set(ENROLMENT_SOURCES) == set(EnrolmentState)
    assert set(REQUEST_SOURCES) == set(SHOWN) == set(RequestState)


def test_nothing_leaves_a_final_state() -> None:
    final_requests = set(RequestState) - {RequestState.PENDING, RequestState.NUMBER_OK}
    assert not final_requests & set().union(*REQUEST_SOURCES.values())
    final_enrolments = {EnrolmentState.ACTIVE, EnrolmentState.CANCELLED, EnrolmentState.EXPIRED}
    assert not final_enrolments & set().union(*ENROLMENT_SOURCES.values())
    assert DeviceState.REVOKED not in set().union(*DEVICE_SOURCES.values())


def test_an_approval_needs_the_number_first() -> None:
    assert REQUEST_SOURCES[RequestState.APPROVED] == {RequestState.NUMBER_OK}
