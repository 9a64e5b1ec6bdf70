"""Rows on their way to the database are parted between two of them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.directory.rules.copy_rows import whole_lines


@pytest.mark.parametrize(
    ("size", "parts"),
    [
        (1, [b"a\n", b"bcd\n", b"\n", b"ef\n"]),
        (2, [b"a\n", b"bcd\n", b"\nef\n"]),
        (3, [b"a\nbcd\n", b"\nef\n"]),
        (7, [b"a\nbcd\n\n", b"ef\n"]),
        (10, [b"a\nbcd\n\nef\n"]),
        (1000, [b"a\nbcd\n\nef\n"]),
    ],
)
def test_each_part_ends_with_a_row(size: int, parts: list[bytes]) -> None:
    assert [*whole_lines(b"a\nbcd\n\nef\n", size)] == parts


def test_nothing_has_no_parts() -> None:
    assert [*whole_lines(b"", 10)] == []


@given(
    rows=st.lists(st.binary(max_size=30).map(lambda row: row.replace(b"\n", b"") + b"\n")),
    size=st.integers(1, 200),
)
def test_nothing_is_lost_and_no_part_is_small(rows: list[bytes], size: int) -> None:
    whole = b"".join(rows)
    parts = [*whole_lines(whole, size)]
    assert b"".join(parts) == whole
    assert all(part.endswith(b"\n") for part in parts)
    # Neither smaller than asked for, but the last, nor longer by more than a row.
    assert all(len(part) >= size for part, _ in pairwise(parts))
    assert all(len(part) < size + max(map(len, rows)) for part in parts)
