"""`Professional`: who somebody is, as one frozen value. What logins, pages and claims are built on.

Professional → exercices (one per profession and category) → savoir-faire and activities.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple, Self, TypedDict
from uuid import UUID

from idp.directory.rules.activity import Activity
from idp.directory.rules.nomenclatures import CATEGORIE_ETUDIANT, profession_label

# Of « civilité d'exercice », those that are a title said before a name.
_TITLES: Final = {"DR": "Dr", "PR": "Pr"}


class ExerciceSnapshot(TypedDict):
    """JSON of an exercice."""

    code_profession: str
    code_categorie_professionnelle: str
    code_civilite: str
    nom: str
    prenom: str
    savoir_faire: list[tuple[str, str]]
    # Each a list of thirty values, in the order of `ACTIVITY_FIELDS`.
    activities: list[list[str]]


class Snapshot(TypedDict):
    """JSON of a professional, as kept with the person's row."""

    person_id: str
    national_id: str
    family_name: str
    given_names: str
    civility: str
    is_test: bool
    alternative_identifiers: list[tuple[str, str, int]]
    exercices: list[ExerciceSnapshot]


class SavoirFaire(NamedTuple):
    """A recognised competence: code type (R04) and code, `S` + `SM54` for instance."""

    code_type: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlternativeIdentifier:
    """An identifier the person is known by. `quality` 1 is the main one."""

    identifier: str
    origin: str
    quality: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exercice:
    """One profession in one category, with the name and title used in it."""

    code_profession: str
    code_categorie_professionnelle: str
    code_civilite: str = ""
    nom: str = ""
    prenom: str = ""
    savoir_faire: tuple[SavoirFaire, ...] = ()
    activities: tuple[Activity, ...] = ()

    @property
    def is_student(self) -> bool:
        """In training for the profession: category E of R09."""
        return self.code_categorie_professionnelle == CATEGORIE_ETUDIANT

    @property
    def profession_label(self) -> str:
        """`Médecin`, or `Médecin en formation` for a student."""
        return profession_label(self.code_profession, self.code_categorie_professionnelle)

    @property
    def title(self) -> str:
        """`Dr` or `Pr`; never for a student, whatever the register says."""
        return "" if self.is_student else _TITLES.get(self.code_civilite, "")

    def to_snapshot(self) -> ExerciceSnapshot:
        return ExerciceSnapshot(
            code_profession=self.code_profession,
            code_categorie_professionnelle=self.code_categorie_professionnelle,
            code_civilite=self.code_civilite,
            nom=self.nom,
            prenom=self.prenom,
            savoir_faire=[(known.code_type, known.code) for known in self.savoir_faire],
            activities=[list(activity) for activity in self.activities],
        )

    @classmethod
    def from_snapshot(cls, data: ExerciceSnapshot) -> Self:
        return cls(
            code_profession=data["code_profession"],
            code_categorie_professionnelle=data["code_categorie_professionnelle"],
            code_civilite=data["code_civilite"],
            nom=data["nom"],
            prenom=data["prenom"],
            savoir_faire=tuple(map(SavoirFaire._make, data["savoir_faire"])),
            activities=tuple(map(Activity.from_snapshot, data["activities"])),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Professional:
    """A health professional or a student of a health profession.

    `person_id` is the internal subject and never changes; identifiers may, over a career.
    """

    person_id: UUID
    national_id: str
    family_name: str
    given_names: str
    civility: str = ""
    is_test: bool = False
    alternative_identifiers: tuple[AlternativeIdentifier, ...] = ()
    exercices: tuple[Exercice, ...] = ()

    @property
    def first_exercice(self) -> Exercice | None:
        """The one shown when only one can be: a profession before studies (see merge)."""
        return self.exercices[0] if self.exercices else None

    @property
    def first_activity(self) -> Activity | None:
        """Mirrored at the top of the UserInfo; None for who has no practice."""
        every = (activity for exercice in self.exercices for activity in exercice.activities)
        return next(every, None)

    @property
    def is_student(self) -> bool:
        """Has no profession yet: studies only."""
        return bool(self.exercices) and all(exercice.is_student for exercice in self.exercices)

    @property
    def display_name(self) -> str:
        """`Dr Camille Lefèvre`: the name of exercise, with its title."""
        exercice = self.first_exercice
        title = exercice.title if exercice else ""
        prenom = (exercice.prenom if exercice else "") or self.given_names
        nom = (exercice.nom if exercice else "") or self.family_name
        return " ".join(part for part in (title, prenom, nom) if part)

    @property
    def profession_label(self) -> str:
        """The words for the first profession; `""` for a person without any."""
        return self.first_exercice.profession_label if self.first_exercice else ""

    def to_snapshot(self) -> Snapshot:
        """JSON-ready; `from_snapshot` gives back an equal value."""
        return Snapshot(
            person_id=str(self.person_id),
            national_id=self.national_id,
            family_name=self.family_name,
            given_names=self.given_names,
            civility=self.civility,
            is_test=self.is_test,
            alternative_identifiers=[
                (known.identifier, known.origin, known.quality)
                for known in self.alternative_identifiers
            ],
            exercices=[exercice.to_snapshot() for exercice in self.exercices],
        )

    @classmethod
    def from_snapshot(cls, data: Snapshot) -> Self:
        return cls(
            person_id=UUID(data["person_id"]),
            national_id=data["national_id"],
            family_name=data["family_name"],
            given_names=data["given_names"],
            civility=data["civility"],
            is_test=data["is_test"],
            alternative_identifiers=tuple(
                AlternativeIdentifier(identifier=identifier, origin=origin, quality=quality)
                for identifier, origin, quality in data["alternative_identifiers"]
            ),
            exercices=tuple(Exercice.from_snapshot(entry) for entry in data["exercices"]),
        )
