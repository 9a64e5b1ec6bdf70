"""Reads a register file line by line, plain, gzip or zip, without ever holding much of it."""

import gzip
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple, cast

from idp.directory.rules.register_columns import Columns, RefusedFileError

PEOPLE: Final = "PS_LibreAcces_Personne_activite"
SAVOIR_FAIRE: Final = "PS_LibreAcces_SavoirFaire"
# The longest real line has about 1 kB.
LONGEST_LINE: Final = 65_536


class Line(NamedTuple):
    """A line and its number, the first being 1. `raw` is None where it was too long to keep."""

    number: int
    raw: bytes | None


@contextmanager
def open_register(path: Path, member: str = PEOPLE) -> Iterator[Iterator[Line]]:
    """Opens by content, not by name. What is wrong with the file is a `RefusedFileError`.

    `member`: of an archive of several files, the one whose name says so.
    """
    try:
        with _open_stream(path, member) as stream:
            yield _lines(stream)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise RefusedFileError(f"cannot be read: {error}") from error
    except NotImplementedError as error:
        # Deflate64, of large archives made by Windows, for one.
        raise RefusedFileError(f"an archive that must be unpacked first: {error}") from error


def first_line(lines: Iterator[Line]) -> bytes:
    """The header as it is; a file without one is refused."""
    line = next(lines, None)
    if line is None:
        raise RefusedFileError("the file is empty")
    if line.raw is None:
        raise RefusedFileError("the first line is no header")
    return line.raw


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


def _lines(stream: IO[bytes]) -> Iterator[Line]:
    number = 0
    while raw := stream.readline(LONGEST_LINE):
        number += 1
        if len(raw) == LONGEST_LINE and not raw.endswith(b"\n"):
            _skip_rest_of_line(stream)
            yield Line(number, None)
        elif raw.strip():
            yield Line(number, raw)


def _skip_rest_of_line(stream: IO[bytes]) -> None:
    while (rest := stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
        continue
