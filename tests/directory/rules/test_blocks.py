"""A register file in parts: the same people, however it is cut."""

import copy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.directory.rules import blocks
from idp.directory.rules.blocks import LONGEST_LINE, Block, RawPerson, people_of, whole_people
from idp.directory.rules.raw_people import NAMED_ROWS, NEW, FileChangedError, Flagged, Read
from idp.directory.rules.register_columns import RefusedFileError
from tests.directory.register import COLUMNS_READ, row, rpps

LONG = "x" * LONGEST_LINE
NO_PERSON = ("no person", "8|1|bad identifier|", "", "  ", "|||", LONG)


def people(*cut: Block) -> list[RawPerson]:
    """Of all these blocks."""
    return [one for block in cut for one in people_of(block, COLUMNS_READ)]


def cut_at(content: bytes, sizes: list[int]) -> list[Block]:
    """Whole lines: at least so many bytes each."""
    found, start, number = [], 0, 1
    for size in [*sizes, len(content)]:
        end = content.find(b"\n", start + size - 1) + 1 if start < len(content) else 0
        end = end or len(content)
        if end > start:
            found.append(Block(number, content[start:end]))
        number, start = number + content.count(b"\n", start, end), end
    return found


@given(
    who=st.lists(st.integers(0, 3) | st.sampled_from(NO_PERSON), max_size=30),
    sizes=st.lists(st.integers(1, 900), max_size=20),
    ends=st.booleans(),
)
def test_nobody_is_in_two_blocks_and_all_are_in_one(
    who: list[int | str], sizes: list[int], ends: bool
) -> None:
    lines = [one if isinstance(one, str) else row(rpps(one)) for one in who]
    content = "\n".join(lines).encode() + b"\n" * ends
    cut = list(whole_people(cut_at(content, sizes), COLUMNS_READ))
    assert b"".join(block.content for block in cut) == content
    numbers = [number for one in people(*cut) for number, _ in one.lines]
    assert numbers == [number for number, line in enumerate(lines, 1) if line.strip()]
    assert people(*cut) == people(Block(1, content))


def test_rows_that_follow_one_another_and_name_one_person_are_theirs() -> None:
    first, other = row(rpps(1)), row(rpps(2))
    content = f"{first}\n{first}\r\n\n{other}\nbad\nbad\n{LONG}\n{first}"
    assert people(Block(5, content.encode())) == [
        RawPerson(f"8{rpps(1)}", ((5, first.encode()), (6, f"{first}\r".encode()))),
        RawPerson(f"8{rpps(2)}", ((8, other.encode()),)),
        RawPerson("", ((9, b"bad"),)),
        RawPerson("", ((10, b"bad"),)),
        RawPerson("", ((11, None),)),
        RawPerson(f"8{rpps(1)}", ((12, first.encode()),)),
    ]


def test_a_file_that_names_one_identifier_all_along_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(blocks, "_MOST_OF_ONE_PERSON", 2000)
    content = f"{row(rpps(1))}\n".encode()
    with pytest.raises(RefusedFileError, match="more rows from line 1 on than one person has"):
        list(whole_people((Block(n, content) for n in range(1, 1000)), COLUMNS_READ))


def test_other_people_than_were_flagged_are_refused_in_whichever_process() -> None:
    block = Block(1, f"{row(rpps(1))}\n{row(rpps(2))}\n".encode())
    assert [one.claimed for one in Flagged(COLUMNS_READ, block, bytes((0, NEW)))] == [f"8{rpps(2)}"]
    with pytest.raises(FileChangedError, match="was changed while it was read") as refused:
        list(Flagged(COLUMNS_READ, block, bytes((NEW,))))
    handed_over = copy.copy(refused.value)
    assert (type(handed_over), str(handed_over)) == (FileChangedError, str(refused.value))


def test_of_many_rows_left_out_the_first_are_named_and_all_are_counted() -> None:
    read = Read()
    for number in range(5000, 0, -1):
        read.leave_out(number, "bad")
        assert len(read.malformed) <= 50 * NAMED_ROWS
    assert read.malformed_rows == 5000
    assert read.named == [(number, "bad") for number in range(1, NAMED_ROWS + 1)]
