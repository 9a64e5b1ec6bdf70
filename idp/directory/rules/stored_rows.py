"""People as the rows that will be stored, in the text form of PostgreSQL's COPY.

Tab-separated, `\\N` for null, backslashes doubled; `parse_row` left no tab or line end in a value.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from idp.core.identifiers import parse_national_id
from idp.directory.rules.activity import ACTIVITY_FIELDS
from idp.directory.rules.merge import RegisterEntry
from idp.directory.rules.professional import AlternativeIdentifier, Professional
from idp.directory.rules.raw_people import RawPerson, ReadPerson, read_people
from idp.directory.rules.register_columns import RegisterColumns

# Numbers of exercices are handed out a block a chunk.
EXERCICE_BLOCK: Final = 1 << 16
_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

STAGED: Final = {
    "seen": {"ident": "text", "raw_fingerprint": "text", "ordinal": "bigint"},
    # Read again, and the same: only the rows were written differently.
    "same": {"id": "uuid", "raw_fingerprint": "text"},
    "person": {
        "id": "uuid",
        "national_id": "text",
        "family_name": "text",
        "given_names": "text",
        "civility": "text",
        "is_test": "boolean",
        "snapshot": "json",
        "fingerprint": "text",
        "raw_fingerprint": "text",
        "origin": "text",
        "is_new": "integer",
    },
    "exercice": {
        "id": "bigint",
        "person_id": "uuid",
        "rank": "integer",
        "code_profession": "text",
        "code_categorie_professionnelle": "text",
        "code_civilite": "text",
        "nom": "text",
        "prenom": "text",
    },
    "savoirfaire": {
        "exercice_id": "bigint",
        "rank": "integer",
        "code_type": "text",
        "code": "text",
    },
    "activity": {
        "exercice_id": "bigint",
        "rank": "integer",
        **dict.fromkeys(ACTIVITY_FIELDS, "text"),
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who an identifier leads to. `fingerprint` None: a newcomer, whose subject this will be."""

    person_id: UUID
    national_id: str
    identifiers: tuple[AlternativeIdentifier, ...]
    fingerprint: str | None
    # Known under a former identifier: what the register still says under it changes nothing.
    is_former: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Work of one process: people, who they are, the first free number of an exercice."""

    columns: RegisterColumns
    header: bytes
    test_identities: bool
    people: Sequence[RawPerson]
    subjects: dict[str, Subject]
    first_exercice: int


@dataclass(slots=True, kw_only=True)
class StoredChunk:
    """Rows by table, what became of whom by profession, and the rows left out."""

    rows: dict[str, bytes]
    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)


def store_chunk(chunk: Chunk) -> StoredChunk:
    """Read and render a chunk. Pure: runs in any process."""
    read = read_people(
        chunk.columns, chunk.header, chunk.people, test_identities=chunk.test_identities
    )
    rows: dict[str, list[str]] = {table: [] for table in STAGED}
    stored = StoredChunk(rows={}, malformed=read.malformed)
    next_exercice = chunk.first_exercice
    for person in read.people:
        subject = chunk.subjects[person.entry.national_id.value]
        if subject.is_former:
            stored.unchanged += 1
            continue
        fingerprint = person.entry.fingerprint()
        if subject.fingerprint == fingerprint:
            stored.unchanged += 1
            rows["same"].append(_line(subject.person_id.hex, person.raw_fingerprint))
            continue
        tally = stored.created if subject.fingerprint is None else stored.changed
        tally[person.entry.exercices[0].code_profession] += 1
        _add_person(rows, person, subject, fingerprint)
        next_exercice = _add_exercices(rows, person.entry, subject, next_exercice)
    if next_exercice - chunk.first_exercice > EXERCICE_BLOCK:
        raise ValueError("more exercices in a chunk than numbers")
    stored.rows = {table: "".join(lines).encode() for table, lines in rows.items() if lines}
    return stored


def _add_person(
    rows: dict[str, list[str]], person: ReadPerson, subject: Subject, fingerprint: str
) -> None:
    main = parse_national_id(subject.national_id)
    professional: Professional = person.entry.professional(
        subject.person_id, subject.identifiers, main
    )
    rows["person"].append(
        _line(
            subject.person_id.hex,
            main.value,
            professional.family_name,
            professional.given_names,
            professional.civility,
            "1" if professional.is_test else "0",
            _JSON.encode(professional.to_snapshot()),
            fingerprint,
            person.raw_fingerprint,
            main.origin.value,
            "1" if subject.fingerprint is None else "0",
        )
    )


def _add_exercices(
    rows: dict[str, list[str]], entry: RegisterEntry, subject: Subject, number: int
) -> int:
    for rank, exercice in enumerate(entry.exercices):
        rows["exercice"].append(
            _line(
                str(number),
                subject.person_id.hex,
                str(rank),
                exercice.code_profession,
                exercice.code_categorie_professionnelle,
                exercice.code_civilite,
                exercice.nom,
                exercice.prenom,
            )
        )
        for place, known in enumerate(exercice.savoir_faire):
            rows["savoirfaire"].append(_line(str(number), str(place), known.code_type, known.code))
        for place, activity in enumerate(exercice.activities):
            rows["activity"].append(_line(str(number), str(place), *activity.values()))
        number += 1
    return number


def _line(*values: str) -> str:
    line = "\t".join(values)
    return (line.replace("\\", "\\\\") if "\\" in line else line) + "\n"


def values_of(rows: bytes) -> Iterable[list[str]]:
    """Back from the text form, for a database that does not read it."""
    for line in rows.decode().split("\n")[:-1]:
        yield [value.replace("\\\\", "\\") for value in line.split("\t")]
