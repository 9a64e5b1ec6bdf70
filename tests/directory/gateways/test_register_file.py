"""A register file is read line by line, packed or not; what is wrong with it is said."""

import gzip
import os
import zipfile
from pathlib import Path

import pytest

from idp.directory.gateways import register_file
from idp.directory.gateways.register_file import (
    SAVOIR_FAIRE,
    Line,
    last_line,
    open_blocks,
    open_register,
)
from idp.directory.rules.blocks import LONGEST_LINE, Block
from idp.directory.rules.register_columns import RefusedFileError


def lines_of(path: Path) -> list[Line]:
    with open_register(path) as lines:
        return list(lines)


def zipped(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_txt", ".txt"), content)
    return path


TWO_LINES = b"a|b|\nc|d|\n"
READ = [Line(1, b"a|b|\n"), Line(2, b"c|d|\n")]


def test_a_plain_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(TWO_LINES)
    assert lines_of(path) == READ


def test_gzip_is_known_by_its_content(tmp_path: Path) -> None:
    path = tmp_path / "no-telling-name"
    path.write_bytes(gzip.compress(TWO_LINES))
    assert lines_of(path) == READ


def test_the_register_is_found_among_the_files_of_a_zip(tmp_path: Path) -> None:
    path = zipped(
        tmp_path / "a.zip",
        PS_LibreAcces_Personne_activite_2026_txt=TWO_LINES,
        PS_LibreAcces_SavoirFaire_2026_txt=b"other",
    )
    assert lines_of(path) == READ
    with open_register(path, SAVOIR_FAIRE) as lines:
        assert list(lines) == [Line(1, b"other")]


def test_the_only_text_file_of_a_zip_is_the_register(tmp_path: Path) -> None:
    assert lines_of(zipped(tmp_path / "a.zip", x_txt=TWO_LINES, readme=b"-")) == READ


def test_empty_lines_are_skipped_and_still_counted(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(b"\na|\n\r\n\nb|")
    assert lines_of(path) == [Line(2, b"a|\n"), Line(5, b"b|")]


def test_a_line_of_a_megabyte_is_not_kept_and_the_next_one_is_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(b"a|\n" + b"x" * 1_000_000 + b"\nb|\n" + b"y" * 1_000_000)
    assert lines_of(path) == [Line(1, b"a|\n"), Line(2, None), Line(3, b"b|\n"), Line(4, None)]


def test_the_longest_line_is_still_read(tmp_path: Path) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(b"x" * (LONGEST_LINE - 1) + b"\nb|\n")
    assert [line.number for line in lines_of(path) if line.raw] == [1, 2]


def refused(path: Path, reason: str) -> None:
    with pytest.raises(RefusedFileError, match=reason):
        lines_of(path)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused(tmp_path / "absent.txt", "cannot be read")


def test_a_directory_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "not a file")


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.gz"
    path.write_bytes(gzip.compress(TWO_LINES * 5000)[:-20])
    refused(path, "cannot be read")


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.gz"
    packed = bytearray(gzip.compress(TWO_LINES * 5000))
    packed[20:30] = b"\xff" * 10
    path.write_bytes(bytes(packed))
    refused(path, "cannot be read")


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", x_txt=TWO_LINES)
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, "cannot be read")


def test_a_zip_without_a_register_is_refused(tmp_path: Path) -> None:
    refused(zipped(tmp_path / "a.zip", readme=b"-"), "holds 0 register files")


def test_a_zip_with_two_candidates_is_refused(tmp_path: Path) -> None:
    refused(zipped(tmp_path / "a.zip", x_txt=b"-", y_txt=b"-"), "holds 2 register files")


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", x_txt=TWO_LINES)
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # "encrypted", in the central directory
    path.write_bytes(bytes(content))
    refused(path, "encrypted")


@pytest.mark.timeout(10)
def test_a_pipe_is_refused_and_never_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "pipe.txt"
    os.mkfifo(path)
    refused(path, "not a file")


def test_a_device_is_no_file() -> None:
    refused(Path("/dev/zero"), "not a file")


def blocks_of(path: Path, monkeypatch: pytest.MonkeyPatch, size: int = 8) -> list[Block]:
    monkeypatch.setattr(register_file, "BLOCK_BYTES", size)
    with open_blocks(path) as blocks:
        return list(blocks)


def test_blocks_are_whole_lines_behind_the_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(b"\nheader|\n" + TWO_LINES * 2 + b"last|")
    assert blocks_of(path, monkeypatch) == [
        Block(3, b"a|b|\nc|d|\n"),
        Block(5, b"a|b|\nc|d|\n"),
        Block(7, b"last|"),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\nnext|\n"])
@pytest.mark.parametrize("size", [8, 1 << 20])
def test_of_a_line_too_long_a_block_keeps_what_shows_that_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: bytes, size: int
) -> None:
    path = tmp_path / "plain.txt"
    path.write_bytes(b"header|\na|\n" + b"x" * 3_000_000 + end)
    blocks = blocks_of(path, monkeypatch, size)
    whole = b"".join(block.content for block in blocks)
    assert LONGEST_LINE < len(whole) <= size + LONGEST_LINE + 20
    kept, *after = whole.removeprefix(b"a|\n").split(b"\n")
    assert len(kept) >= LONGEST_LINE
    assert after == end.split(b"\n")[1:]


@pytest.mark.parametrize(
    ("content", "last"),
    [
        (b"a|\nb|\n", Line(8, b"b|\n")),
        (b"a|\nb|", Line(8, b"b|")),
        (b"b|", Line(7, b"b|")),
        (b"a|\n \n", None),
        (b"a|\n" + b"x" * LONGEST_LINE, Line(8, None)),
        (b"a|\n" + b"x" * LONGEST_LINE + b"\n", Line(8, None)),
    ],
)
def test_the_last_line_of_a_block_has_its_number(content: bytes, last: Line | None) -> None:
    assert last_line(Block(7, content)) == last
    assert last_line(None) is None
