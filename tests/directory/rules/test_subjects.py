"""The internal subject of newcomers."""

from uuid import RFC_4122, UUID

import pytest

from idp.core.identifiers import parse_national_id
from idp.directory.rules.subjects import ENTROPY_BYTES, person_id_for
from tests.directory.register import fictitious_rpps, rpps

ONE, OTHER = bytes(ENTROPY_BYTES), b"x" * ENTROPY_BYTES
MILLISECONDS = 1_795_536_000_000


def subject(identifier: str, entropy: bytes = ONE, milliseconds: int = MILLISECONDS) -> UUID:
    return UUID(person_id_for(parse_national_id(identifier), entropy, milliseconds))


def test_a_subject_is_of_version_7_and_says_when_it_was_drawn() -> None:
    drawn = subject(f"8{rpps(1)}")
    assert (drawn.version, drawn.variant) == (7, RFC_4122)
    assert drawn.int >> 80 == MILLISECONDS


def test_no_subject_follows_from_its_number() -> None:
    drawn = {subject(f"8{rpps(1)}", entropy).int & (1 << 76) - 1 for entropy in (ONE, OTHER)}
    assert len(drawn) == 2
    assert subject(f"8{rpps(1)}") != subject(f"8{rpps(2)}")


def test_who_enters_later_is_written_behind() -> None:
    first = [subject(f"8{rpps(n)}").hex for n in range(50)]
    later = [subject(f"8{rpps(n)}", OTHER, MILLISECONDS + 1).hex for n in range(50)]
    assert max(first) < min(later)


@pytest.mark.parametrize(
    ("identifier", "begins"),
    [
        (f"8{fictitious_rpps(1)}", f"8{fictitious_rpps(1)}"),
        ("ANS12345678901234", "123456789012"),
        ("00A0123456", "000000123456"),
    ],
)
def test_a_fictitious_person_has_the_same_subject_everywhere(identifier: str, begins: str) -> None:
    drawn = subject(identifier)
    assert drawn == subject(identifier, OTHER, MILLISECONDS + 1)
    assert (drawn.version, drawn.variant) == (8, RFC_4122)
    assert drawn.hex.startswith(begins)


def test_numbers_that_differ_by_a_letter_have_subjects_of_their_own() -> None:
    assert subject("00A0123456") != subject("00B0123456")
