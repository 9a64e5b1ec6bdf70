"""What the processes of an import hand over: each place once a reading, whoever practises there."""

import pytest

from idp.directory.rules import stored_rows
from idp.directory.rules.blocks import RawPerson
from idp.directory.rules.copy_rows import values_of
from idp.directory.rules.stored_rows import Chunk, Stamp, StoredChunk, store_chunk
from tests.directory.register import COLUMNS_READ, PRACTICE, row, rpps


def stored(number: int, reading: bytes, **changes: str) -> StoredChunk:
    """A chunk of one person, who practises at one place."""
    line = row(rpps(number), **{**PRACTICE, **changes}).encode()
    return store_chunk(
        Chunk(
            columns=COLUMNS_READ,
            header=b"",
            test_identities=False,
            people=[RawPerson(f"8{rpps(number)}", ((number, line),))],
            known={},
            stamp=Stamp(
                batch=1,
                source="personne_activite",
                day="2026-11-28",
                at="2026-11-28 06:00:00+00",
                remembers=False,
                entropy=reading,
            ),
            milliseconds=0,
        )
    )


def place_of(chunk: StoredChunk) -> str | None:
    ((_, _, _, _, _, place, *_),) = values_of(chunk.entering["practice"])
    return place


def test_a_place_is_told_once_a_reading() -> None:
    first, second = stored(1, b"a"), stored(2, b"a")
    assert [*first.structures] == [place_of(first)] == [place_of(second)]
    assert second.structures == {}
    assert stored(3, b"b").structures == first.structures
    other = stored(4, b"b", identifiant_technique_structure="R2")
    assert [*other.structures] == [place_of(other)] != [place_of(first)]


def test_a_place_that_cannot_be_remembered_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stored_rows, "_TOLD_PLACES", 1)
    first = stored(1, b"c")
    for _ in range(2):
        other = stored(2, b"c", identifiant_technique_structure="R2")
        assert [*other.structures] == [place_of(other)]
    assert stored(3, b"c").structures == {}
    assert place_of(stored(3, b"c")) == place_of(first)


@pytest.mark.parametrize("said", ['CABINET "DES LILAS"', "A\\B", "\\N", "\\"])
def test_what_copy_would_read_otherwise_is_written_so_that_it_is_not(said: str) -> None:
    chunk = stored(1, said.encode(), nom=said, raison_sociale_site=said)
    ((_, _, family_name, *_),) = values_of(chunk.entering["person"])
    ((_, *place),) = values_of("".join(chunk.structures.values()).encode())
    assert family_name == said
    assert said in place
