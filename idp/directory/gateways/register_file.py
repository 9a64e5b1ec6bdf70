"""Reads a register file, plain, gzip or zip, without ever holding much of it."""

import gzip
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from idp.directory.rules.blocks import LONGEST_LINE, Block
from idp.directory.rules.register_columns import Columns, RefusedFileError

PEOPLE: Final = "PS_LibreAcces_Personne_activite"
SAVOIR_FAIRE: Final = "PS_LibreAcces_SavoirFaire"
# Some two thousand people.
BLOCK_BYTES: Final = 1 << 20


class Line(NamedTuple):
    """A line and its number, the first being 1. `raw` is None where it was too long to keep."""

    number: int
    raw: bytes | None


@contextmanager
def open_register(path: Path, member: str = PEOPLE) -> Iterator[Iterator[Line]]:
    """Opens by content, not by name. What is wrong with the file is a `RefusedFileError`.

    `member`: of an archive of several files, the one whose name says so.
    """
    with _opened(path, member) as stream:
        yield _lines(stream)


@contextmanager
def open_blocks(path: Path) -> Iterator[Iterator[Block]]:
    """The same in blocks of about a megabyte, from what follows the header.

    A line too long to keep is kept as far as shows that it is.
    """
    with _opened(path, PEOPLE) as stream:
        yield _blocks(stream, _first(_lines(stream))[0] + 1)


def name_of(path: Path, member: str) -> str:
    """What the file is called that `open_register` reads: of an archive, the one in it."""
    with _opened(path, member) as stream:
        return Path(getattr(stream, "name", path)).name


@contextmanager
def _opened(path: Path, member: str) -> Iterator[IO[bytes]]:
    try:
        with _open_stream(path, member) as stream:
            yield stream
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise RefusedFileError(f"cannot be read: {error}") from error
    except NotImplementedError as error:
        # Deflate64, of large archives made by Windows, for one.
        raise RefusedFileError(f"an archive that must be unpacked first: {error}") from error


def first_line(lines: Iterator[Line]) -> bytes:
    """The header as it is; a file without one is refused."""
    return _first(lines)[1]


def _first(lines: Iterator[Line]) -> tuple[int, bytes]:
    line = next(lines, None)
    if line is None:
        raise RefusedFileError("the file is empty")
    if line.raw is None:
        raise RefusedFileError("the first line is no header")
    return line.number, line.raw


def last_line(block: Block | None) -> Line | None:
    """Of a file that ends with this block; None where there is nothing."""
    if block is None:
        return None
    begin = block.content.rfind(b"\n", 0, -1) + 1
    number = block.first + block.content.count(b"\n", 0, begin)
    raw = block.content[begin:]
    if not raw.strip():
        return None
    return Line(number, raw if len(raw.rstrip(b"\n")) < LONGEST_LINE else None)


def refuse_broken_off(last: Line | None, columns: Columns) -> None:
    """Refuse a file whose last line is not whole."""
    if last is None or last.raw is None or last.raw.endswith(b"\n"):
        return
    if last.raw.count(b"|") < columns.width - (not columns.ends_with_separator):
        raise RefusedFileError(f"the file breaks off in line {last.number}")


@contextmanager
def _open_stream(path: Path, member: str) -> Iterator[IO[bytes]]:
    # It is read twice and more: a pipe would wait for its writer, or give another thing each time.
    if not stat.S_ISREG(path.stat().st_mode):
        raise RefusedFileError("not a file")
    with path.open("rb") as plain:
        magic = plain.read(4)
        plain.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.open(plain) as unpacked:
                yield cast("IO[bytes]", unpacked)
        elif magic == b"PK\x03\x04":
            with zipfile.ZipFile(plain) as archive, _open_member(archive, member) as file:
                yield file
        else:
            yield plain


def _open_member(archive: zipfile.ZipFile, member: str) -> IO[bytes]:
    texts = [info for info in archive.infolist() if info.filename.lower().endswith(".txt")]
    named = [info for info in texts if member in info.filename]
    candidates = named or texts
    if len(candidates) != 1:
        raise RefusedFileError(f"the archive holds {len(candidates)} register files, one expected")
    if candidates[0].flag_bits & 0x1:
        raise RefusedFileError("the archive is encrypted")
    return archive.open(candidates[0])


def _blocks(stream: IO[bytes], number: int) -> Iterator[Block]:
    while content := stream.read(BLOCK_BYTES):
        # To the end of the last line.
        content += stream.readline(LONGEST_LINE)
        if not content.endswith(b"\n") and _skip_rest_of_line(stream):
            content += b"\n"
        yield Block(number, content)
        number += content.count(b"\n")


def _lines(stream: IO[bytes]) -> Iterator[Line]:
    number = 0
    while raw := stream.readline(LONGEST_LINE):
        number += 1
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            _skip_rest_of_line(stream)
            yield Line(number, None)
        elif raw.strip():
            yield Line(number, raw)


def _skip_rest_of_line(stream: IO[bytes]) -> bool:
    """Whether there was any."""
    rest, was_any = stream.readline(LONGEST_LINE), False
    while rest:
        was_any = True
        rest = b"" if rest.endswith(b"\n") else stream.readline(LONGEST_LINE)
    return was_any
