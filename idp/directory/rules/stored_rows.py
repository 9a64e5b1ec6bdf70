"""People as the rows that will be stored, by table."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from idp.core.identifiers import NationalId
from idp.directory.rules.activity import PLACE_FIELDS, Activity
from idp.directory.rules.blocks import RawPerson
from idp.directory.rules.copy_rows import NULL, Lines, line_of
from idp.directory.rules.merge import fingerprint_of, said_json
from idp.directory.rules.practices import key_of
from idp.directory.rules.professional import Exercice
from idp.directory.rules.raw_people import Read, read_people
from idp.directory.rules.register_columns import RegisterColumns
from idp.directory.rules.register_row import RowReader
from idp.directory.rules.savoir_faire import Known, Source, with_listed
from idp.directory.rules.structures import digest_of
from idp.directory.rules.subjects import person_id_for

# Of how many places, the first ones, a process remembers that it told of them: a hospital is met
# thousands of times.
_TOLD_PLACES: Final = 50_000
_PROFESSION: Final = {"code_profession": "text", "code_categorie_professionnelle": "text"}
_OF_EXERCICE: Final = {"person_id": "uuid", "rank": "integer", **_PROFESSION}
_SAVOIR_FAIRE: Final = {**_PROFESSION, "code_type": "text", "code": "text"}
STAGED: Final = {
    "seen": {
        "ident": "text",
        "raw_fingerprint": "text",
        "block": "integer",
        "position": "integer",
    },
    # Who of them appears again after somebody else.
    "scattered": {"ident": "text"},
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
        # Null: at no place.
        "structure_id": "uuid",
        "code_mode_exercice": "text",
        "code_secteur_activite": "text",
        "code_section_pharmacien": "text",
        "code_role": "text",
        "code_genre_activite": "text",
        "autorite_enregistrement": "text",
    },
    "structure": {"id": "uuid", **dict.fromkeys(PLACE_FIELDS, "text")},
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
# What people and places enter by, stored at once: nothing of theirs is there to be compared.
ENTERING: Final = {
    "person": (*STAGED["person"], "source", "created_at", "updated_at"),
    "alternativeidentifier": ("person_id", "identifier", "origin", "quality"),
    "exercice": (*STAGED["exercice"], "since", "entered_by"),
    "savoirfaire": (*STAGED["savoirfaire"], "since", "entered_by"),
    "practice": (*STAGED["practice"], "since", "entered_by"),
    "structure": (*STAGED["structure"],),
    # Taken back, an import lets go of who entered by it.
    "formerstate": ("person_id", "batch_id", "fingerprint", "raw_fingerprint", "source"),
}


class Subject(NamedTuple):
    """Who an identifier leads to. `fingerprint` None: a newcomer, whose subject this will be."""

    # In hexadecimal.
    person_id: str
    main: NationalId
    # Each with its origin and its quality, the main one first.
    identifiers: Sequence[tuple[str, str, int]]
    fingerprint: str | None
    # Known under a former identifier: what the register still says under it changes nothing.
    is_former: bool = False
    # No import held them for a while: all that ended with them begins again.
    has_left: bool = False
    # What the savoir-faire file says: shown with the rest, no part of the fingerprint.
    listed: Known = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """The import that says so, as it is written: its number, its kind, its day and its instant.

    `remembers`: it can be taken back. `entropy`: what the subjects of newcomers are drawn from.
    """

    batch: int
    source: str
    day: str
    at: str
    remembers: bool
    entropy: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Work of one process: people, and who of them is known already, by the identifier given.

    `milliseconds`: since 1970, of when it was made.
    """

    columns: RegisterColumns
    header: bytes
    test_identities: bool
    people: Iterable[RawPerson]
    known: dict[str, Subject]
    stamp: Stamp
    milliseconds: int


@dataclass(slots=True, kw_only=True)
class StoredChunk:
    """Rows by table, what became of whom by profession, how many rows of the register were read
    and left out, and the first of these.

    `entering`: rows of newcomers, to be stored; `rows`: the others, to be staged; `structures`: by
    key, which other chunks may hold as well, but for those that an earlier one of the same reading
    holds for certain.
    """

    entering: dict[str, bytes] = field(default_factory=dict)
    rows: dict[str, bytes] = field(default_factory=dict)
    structures: dict[str, str] = field(default_factory=dict)
    created: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    unchanged: int = 0
    read: int = 0
    malformed_rows: int = 0
    malformed: list[tuple[int, str]] = field(default_factory=list)


def store_chunk(chunk: Chunk) -> StoredChunk:
    """Read and render a chunk, in any process.

    Of a reading (a `Stamp`), what a process makes must all be stored, in the order in which it was
    made: a place that it told of once is not told of again.
    """
    reader = RowReader(chunk.columns, test_identities=chunk.test_identities)
    rendering = Rendering(_told_by(chunk.stamp))
    entering = Entering(rendering, chunk.stamp)
    read = Read()
    stored = StoredChunk()
    # One by one: what was made of somebody is gone before it leaves the processor's cache.
    for entry, raw_fingerprint in read_people(reader, chunk.header, chunk.people, read):
        subject = chunk.known.get(entry.national_id.value) or newcomer(
            entry.national_id, chunk.stamp.entropy, chunk.milliseconds
        )
        if subject.is_former:
            stored.unchanged += 1
            continue
        said = entry.to_json()
        fingerprint = fingerprint_of(entry.national_id, said)
        if subject.fingerprint == fingerprint and not subject.has_left:
            stored.unchanged += 1
            rendering.add("same", subject.person_id, raw_fingerprint)
            continue
        # Whoever comes back enters anew.
        enters = subject.fingerprint is None or subject.has_left
        tally = stored.created if enters else stored.changed
        tally[entry.exercices[0].code_profession] += 1
        names = entry.family_name, entry.given_names, entry.civility
        if subject.listed:
            said = said_json(names, with_listed(entry.exercices, subject.listed))
        into = entering if subject.fingerprint is None else rendering
        into.add_person(subject, names, said, fingerprint, raw_fingerprint)
        into.add_exercices(subject.person_id, entry.exercices)
    stored.read, stored.malformed_rows, stored.malformed = (
        read.rows,
        read.malformed_rows,
        read.named,
    )
    stored.entering = entering.rows()
    stored.rows = rendering.rows()
    stored.structures = rendering.structures
    return stored


# By what the subjects of a reading are drawn from: of one reading at a time.
_told: dict[bytes, dict[str, str]] = {}


def _told_by(stamp: Stamp) -> dict[str, str]:
    """Places that this process has told of in the same reading."""
    if stamp.entropy not in _told:
        _told.clear()
        _told[stamp.entropy] = {}
    return _told[stamp.entropy]


def newcomer(national_id: NationalId, entropy: bytes, milliseconds: int) -> Subject:
    """Who enters the directory under this identifier."""
    return Subject(
        person_id_for(national_id, entropy, milliseconds),
        national_id,
        ((national_id.value, national_id.origin, 1),),
        None,
    )


class Rendering(Lines):
    """The rows of people who are known, to be staged.

    `told`: places that need not be told of again, by what they are named by; it is added to.
    """

    def __init__(self, told: dict[str, str] | None = None) -> None:
        super().__init__(STAGED)
        self.structures: dict[str, str] = {}
        self._told = {} if told is None else told

    def add_person(
        self, subject: Subject, names: tuple[str, str, str], said: str, *fingerprints: str
    ) -> None:
        """The row of a person: family name, given names and civility; what is said, as JSON.

        `fingerprints`: of what the register says, and of how it says it.
        """
        main, is_test = subject.main.value, subject.main.is_test
        snapshot = _snapshot_json(said, subject, is_test=is_test)
        is_fictitious = "1" if is_test else "0"
        self.add("person", subject.person_id, main, *names, is_fictitious, snapshot, *fingerprints)

    def add_exercices(self, person: str, exercices: Iterable[Exercice]) -> None:
        """The professions of `person`, a subject in hexadecimal, with all that belongs to them."""
        for rank, exercice in enumerate(exercices):
            profession, category, civility, nom, prenom, savoir_faire, _ = exercice
            self.add("exercice", person, str(rank), profession, category, civility, nom, prenom)
            for known in savoir_faire:
                self.add("savoirfaire", person, profession, category, *known, Source.PEOPLE)
            self._add_practices(person, exercice)

    def _add_practices(self, person: str, exercice: Exercice) -> None:
        of = exercice[:2]
        told = set()
        for rank, activity in enumerate(exercice.activities):
            key = key_of(exercice, activity)
            # Two that cannot be told apart are one: the first.
            if key not in told:
                told.add(key)
                values = (*of, key, self._structure(activity), *activity.practice_values)
                self.add("practice", person, str(rank), *values)

    def _structure(self, activity: Activity) -> str:
        """The subject of the place, in hexadecimal."""
        named = activity.identifiant_technique_structure
        if not named:
            if not any(activity.place_values):
                return NULL
            named = "\t".join(activity.place_values)
        place = self._told.get(named)
        if place is None:
            place = digest_of(named)
            # All that is said of a place may be long.
            if activity.has_structure and len(self._told) < _TOLD_PLACES:
                self._told[named] = place
            if place not in self.structures:
                self.structures[place] = line_of((place, *activity.place_values)) + "\n"
        return place


class Entering(Rendering):
    """The rows of newcomers, to be stored as they are. Places are those of `staged`."""

    def __init__(self, staged: Rendering, stamp: Stamp) -> None:
        super().__init__(staged._told)
        since = stamp.day, str(stamp.batch)
        self._lines = {table: [] for table in ENTERING}
        self._ends = {
            "person": (stamp.source, stamp.at, stamp.at),
            **dict.fromkeys(("exercice", "savoirfaire", "practice"), since),
        }
        self.structures = staged.structures
        self._stamp = stamp

    def add_person(
        self, subject: Subject, names: tuple[str, str, str], said: str, *fingerprints: str
    ) -> None:
        super().add_person(subject, names, said, *fingerprints)
        stamp, person, main = self._stamp, subject.person_id, subject.main
        self.add("alternativeidentifier", person, main.value, main.origin, "1")
        if stamp.remembers:
            self.add("formerstate", person, str(stamp.batch), "", "", "")


def _snapshot_json(said: str, subject: Subject, *, is_test: bool) -> str:
    """The JSON of `rules.professional.Snapshot`: what is said, and of whom."""
    # No identifier, and no origin, has a character that JSON would write otherwise.
    names = ",".join(
        [f'["{name}","{origin}",{quality}]' for name, origin, quality in subject.identifiers]
    )
    fictitious = "true" if is_test else "false"
    who = f'"{subject.person_id}","{subject.main.value}",{fictitious},[{names}]'
    return f"{said[:-1]},{who}]"
