"""`Professional`: who somebody is, as one frozen value. What logins, pages and claims are built on.

Professional → exercices (one per profession and category) → savoir-faire and activities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self
from uuid import UUID

from idp.directory.rules.activity import Activity
from idp.directory.rules.nomenclatures import CATEGORIE_ETUDIANT, profession_label

# Of « civilité d'exercice », those that are a title said before a name.
_TITLES: Final = {"DR": "Dr", "PR": "Pr"}


# JSON of an exercice: a list, for it is written for each of two million people. Profession,
# category, civility, nom, prenom; savoir-faire, each its type and code; activities, each its thirty
# values.
ExerciceSnapshot = tuple[
    str, str, str, str, str, Sequence[tuple[str, str]], Sequence[Sequence[str]]
]
# JSON of a professional, as kept with the person's row. What the register says: family name, given
# names, civility, exercices. Who that is here: subject, national identifier, whether fictitious,
# alternative identifiers, each with its origin and its quality.
Snapshot = tuple[
    str, str, str, Sequence[ExerciceSnapshot], str, str, bool, Sequence[tuple[str, str, int]]
]


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


class Exercice(NamedTuple):
    """One profession in one category, with the name and title used in it.

    A tuple, in the order of `ExerciceSnapshot`: an import makes millions.
    """

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

    @classmethod
    def from_snapshot(cls, data: ExerciceSnapshot) -> Self:
        profession, category, civility, nom, prenom, savoir_faire, activities = data
        return cls(
            *(profession, category, civility, nom, prenom),
            tuple(map(SavoirFaire._make, savoir_faire)),
            tuple(map(Activity.from_snapshot, activities)),
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
        return (
            self.family_name,
            self.given_names,
            self.civility,
            [*self.exercices],
            self.person_id.hex,
            self.national_id,
            self.is_test,
            [
                (known.identifier, known.origin, known.quality)
                for known in self.alternative_identifiers
            ],
        )

    @classmethod
    def from_snapshot(cls, data: Snapshot) -> Self:
        family_name, given_names, civility, exercices, person_id, national_id, is_test, names = data
        return cls(
            person_id=UUID(person_id),
            national_id=national_id,
            family_name=family_name,
            given_names=given_names,
            civility=civility,
            is_test=is_test,
            alternative_identifiers=tuple(
                AlternativeIdentifier(identifier=identifier, origin=origin, quality=quality)
                for identifier, origin, quality in names
            ),
            exercices=tuple(map(Exercice.from_snapshot, exercices)),
        )
