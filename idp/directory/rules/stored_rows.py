"""People as the rows that will be stored, in the text form of PostgreSQL's COPY.

Tab-separated, `\\N` for null, backslashes doubled; `parse_row` left no tab or line end in a value.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from idp.core.identifiers import NationalId
from idp.directory.rules.activity import PLACE_FIELDS, Activity
from idp.directory.rules.merge import JSON, RegisterEntry, exercices_json
from idp.directory.rules.practices import key_of
from idp.directory.rules.professional import AlternativeIdentifier, Exercice, Professional
from idp.directory.rules.raw_people import RawPerson, read_people
from idp.directory.rules.register_columns import RegisterColumns
from idp.directory.rules.savoir_faire import Known, Source, with_listed
from idp.directory.rules.subjects import person_id_for

_PROFESSION: Final = {"code_profession": "text", "code_categorie_professionnelle": "text"}
_OF_EXERCICE: Final = {"person_id": "uuid", "rank": "integer", **_PROFESSION}
_SAVOIR_FAIRE: Final = {**_PROFESSION, "code_type": "text", "code": "text"}
STAGED: Final = {
    "seen": {"ident": "text", "raw_fingerprint": "text", "ordinal": "bigint"},
    # People of this kind of file who are no longer in it.
    "gone": {"id": "uuid"},
    # Read again, and the same: only the rows were written differently.
    "same": {"id": "uuid", "raw_fingerprint": "text"},
    "person": {
        "id": "uuid",
        "national_id": "text",
        "family_name": "text",
        "given_names": "text",
        "civility": "text",
        "is_test": "boolean",
        "snapshot": "text",
        "fingerprint": "text",
        "raw_fingerprint": "text",
    },
    "exercice": {**_OF_EXERCICE, "code_civilite": "text", "nom": "text", "prenom": "text"},
    "savoirfaire": {"person_id": "uuid", **_SAVOIR_FAIRE, "source": "text"},
    "practice": {
        **_OF_EXERCICE,
        "key": "text",
        # `""`: at no place.
        "structure_key": "text",
        "code_mode_exercice": "text",
        "code_secteur_activite": "text",
        "code_section_pharmacien": "text",
        "code_role": "text",
        "code_genre_activite": "text",
        "autorite_enregistrement": "text",
    },
    "structure": {"key": "text", "digest": "text", **dict.fromkeys(PLACE_FIELDS, "text")},
}
# For an import of savoir-faire.
STAGED_SAVOIR_FAIRE: Final = {
    "said": {"ident": "text", **_SAVOIR_FAIRE},
    # Of people who are known, for professions that they practise: each once.
    "listed": {"person_id": "uuid", **_SAVOIR_FAIRE},
    "begun": {"person_id": "uuid", **_SAVOIR_FAIRE},
    "ending": {"id": "bigint", "person_id": "uuid", **_SAVOIR_FAIRE},
    # Whose savoir-faire may have changed for whoever reads them, all files together.
    "shown": {"id": "uuid"},
    "rendered": {"id": "uuid", "snapshot": "text"},
}
# What people enter by, stored at once: nothing of theirs is there to be compared. Their practices
# are staged, for places are numbered by the database.
ENTERING: Final = {
    "person": (*STAGED["person"], "source", "created_at", "updated_at"),
    "alternativeidentifier": ("person_id", "identifier", "origin", "quality"),
    "exercice": (*STAGED["exercice"], "since", "entered_by"),
    "savoirfaire": (*STAGED["savoirfaire"], "since", "entered_by"),
    # Taken back, an import lets go of who entered by it.
    "formerstate": ("person_id", "batch_id", "fingerprint", "raw_fingerprint", "source"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Who an identifier leads to. `fingerprint` None: a newcomer, whose subject this will be."""

    person_id: UUID
    main: NationalId
    identifiers: tuple[AlternativeIdentifier, ...]
    fingerprint: str | None
    # Known under a former identifier: what the register still says under it changes nothing.
    is_former: bool = False
    # No import held them for a while: all that ended with them begins again.
    has_left: bool = False
    # What the savoir-faire file says: shown with the rest, no part of the fingerprint.
    listed: Known = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The import that says so, as it is written: its number, its kind, its day and its instant.

    `remembers`: it can be taken back.
    """

    batch: int
    source: str
    day: str
    at: str
    remembers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Work of one process: people, and who of them is known already, by the identifier given."""

    columns: RegisterColumns
    header: bytes
    test_identities: bool
    people: Sequence[RawPerson]
    known: dict[str, Subject]
    stamp: Stamp
    entropy: bytes


@dataclass(slots=True, kw_only=True)
class StoredChunk:
    """Rows by table, what became of whom by profession, and the rows left out.

    `entering`: rows of newcomers, to be stored; `rows`: the others, to be staged; `structures`: by
    key, which other chunks may hold as well.
    """

    entering: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    structures: dict[str, str] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)


def store_chunk(chunk: Chunk) -> StoredChunk:
    """Read and render a chunk. Pure: runs in any process."""
    read = read_people(
        chunk.columns, chunk.header, chunk.people, test_identities=chunk.test_identities
    )
    rendering = Rendering()
    entering = Entering(rendering, chunk.stamp)
    stored = StoredChunk(malformed=read.malformed)
    for person in read.people:
        national_id = person.entry.national_id
        subject = chunk.known.get(national_id.value) or newcomer(national_id, chunk.entropy)
        if subject.is_former:
            stored.unchanged += 1
            continue
        fingerprint = person.entry.fingerprint()
        is_same = subject.fingerprint == fingerprint
        if is_same and not subject.has_left:
            stored.unchanged += 1
            rendering.add("same", subject.person_id.hex, person.raw_fingerprint)
            continue
        if is_same:
            stored.unchanged += 1
        else:
            tally = stored.created if subject.fingerprint is None else stored.changed
            tally[person.entry.exercices[0].code_profession] += 1
        who = person.entry.who(subject.person_id, subject.identifiers, subject.main)
        snapshot = snapshot_json(who, _shown_json(person.entry, subject.listed))
        if subject.fingerprint is None:
            entering.add_person(who, snapshot, (fingerprint, person.raw_fingerprint))
            entering.add_exercices(who.person_id.hex, person.entry.exercices)
        else:
            rendering.add_person(who, snapshot, (fingerprint, person.raw_fingerprint))
            rendering.add_exercices(who.person_id.hex, person.entry.exercices)
    stored.entering = entering.rows()
    stored.rows = rendering.rows()
    stored.structures = rendering.structures
    return stored


def newcomer(national_id: NationalId, entropy: bytes) -> Subject:
    """Who enters the directory under this identifier."""
    return Subject(
        person_id=person_id_for(national_id, entropy),
        main=national_id,
        identifiers=(
            AlternativeIdentifier(
                identifier=national_id.value, origin=national_id.origin, quality=1
            ),
        ),
        fingerprint=None,
    )


class Lines:
    """Collects rows by table, in the text form of COPY."""

    def __init__(self, tables: Iterable[str]) -> None:
        self._lines: dict[str, list[str]] = {table: [] for table in tables}

    def add(self, table: str, *values: str) -> None:
        """One row."""
        self._lines[table].append(_line(*values))

    def rows(self) -> dict[str, bytes]:
        """Those of each table that has some."""
        return {table: "".join(lines).encode() for table, lines in self._lines.items() if lines}


class Rendering(Lines):
    """The rows of people who are known, to be staged."""

    def __init__(self) -> None:
        super().__init__(STAGED)
        self.structures: dict[str, str] = {}
        self._places: dict[tuple[str, ...], str] = {}

    def add_person(
        self, who: Professional, snapshot: str, fingerprints: tuple[str, str], *more: str
    ) -> None:
        """The row of a person: `fingerprints` of what the register says, and of how it says it."""
        self.add(
            "person",
            who.person_id.hex,
            who.national_id,
            who.family_name,
            who.given_names,
            who.civility,
            "1" if who.is_test else "0",
            snapshot,
            *fingerprints,
            *more,
        )

    def add_exercices(self, person: str, exercices: Iterable[Exercice]) -> None:
        """The professions of `person`, a subject in hexadecimal, with all that belongs to them."""
        for rank, exercice in enumerate(exercices):
            of = exercice.code_profession, exercice.code_categorie_professionnelle
            names = exercice.code_civilite, exercice.nom, exercice.prenom
            self.add_exercice(person, str(rank), *of, *names)
            for known in exercice.savoir_faire:
                self.add_savoir_faire(person, *of, *known, Source.PEOPLE)
            self.add_practices(person, exercice)

    def add_exercice(self, *values: str) -> None:
        """The row of a profession."""
        self.add("exercice", *values)

    def add_savoir_faire(self, *values: str) -> None:
        """The row of a savoir-faire."""
        self.add("savoirfaire", *values)

    def add_practices(self, person: str, exercice: Exercice) -> None:
        """The practices of a profession."""
        of = exercice.code_profession, exercice.code_categorie_professionnelle
        # Two that cannot be told apart are one: the first.
        told_apart = {
            key_of(exercice, activity): (place, activity)
            for place, activity in reversed(tuple(enumerate(exercice.activities)))
        }
        for key, (place, activity) in told_apart.items():
            structure = self._structure(activity)
            self.add("practice", person, str(place), *of, key, structure, *activity.practice_values)

    def _structure(self, activity: Activity) -> str:
        values = activity.place_values
        if values not in self._places:
            self._places[values] = self._new_structure(activity, values)
        return self._places[values]

    def _new_structure(self, activity: Activity, values: tuple[str, ...]) -> str:
        if not any(values):
            return ""
        digest = hashlib.blake2b("\t".join(values).encode(), digest_size=16).hexdigest()
        key = activity.identifiant_technique_structure or f"~{digest}"
        self.structures.setdefault(key, _line(key, digest, *values))
        return key


class Entering(Rendering):
    """The rows of newcomers, to be stored as they are; their practices are staged by `staging`."""

    def __init__(self, staging: Rendering, stamp: Stamp) -> None:
        super().__init__()
        self._lines = {table: [] for table in ENTERING}
        self._staging = staging
        self._stamp = stamp

    def add_person(
        self, who: Professional, snapshot: str, fingerprints: tuple[str, str], *_more: str
    ) -> None:
        stamp, person = self._stamp, who.person_id.hex
        super().add_person(who, snapshot, fingerprints, stamp.source, stamp.at, stamp.at)
        (main,) = who.alternative_identifiers
        self.add("alternativeidentifier", person, main.identifier, str(main.origin), "1")
        if stamp.remembers:
            self.add("formerstate", person, str(stamp.batch), "", "", "")

    def add_exercice(self, *values: str) -> None:
        self.add("exercice", *values, self._stamp.day, str(self._stamp.batch))

    def add_savoir_faire(self, *values: str) -> None:
        self.add("savoirfaire", *values, self._stamp.day, str(self._stamp.batch))

    def add_practices(self, person: str, exercice: Exercice) -> None:
        self._staging.add_practices(person, exercice)


def snapshot_json(who: Professional, exercices_json: str) -> str:
    """`who`, without exercices, as JSON with these: they are rendered once for all purposes."""
    return JSON.encode(who.to_snapshot()).removesuffix("[]}") + exercices_json + "}"


def _shown_json(entry: RegisterEntry, listed: Known) -> str:
    if not listed:
        return entry.exercices_json
    return exercices_json(with_listed(entry.exercices, listed))


def _line(*values: str) -> str:
    line = "\t".join(values)
    return (line.replace("\\", "\\\\") if "\\" in line else line) + "\n"


def values_of(rows: bytes) -> Iterable[list[str]]:
    """Back from the text form, for a database that does not read it."""
    for line in rows.decode().split("\n")[:-1]:
        yield [value.replace("\\\\", "\\") for value in line.split("\t")]
