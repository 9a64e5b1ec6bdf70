"""All rows of one person become one entry, whatever their order and however often repeated.

The register has one row per savoir-faire × activity: both lists are merged, duplicates removed.
(The national loader's trap: it drops the savoir-faire of later rows and
repeats their practices.)
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final
from uuid import UUID

from idp.core.identifiers import NationalId
from idp.directory.rules.activity import activity_order
from idp.directory.rules.nomenclatures import CATEGORIE_ETUDIANT
from idp.directory.rules.professional import AlternativeIdentifier, Exercice, Professional
from idp.directory.rules.register_row import RegisterRow
from idp.directory.rules.savoir_faire import each_once

# Part of every fingerprint: raise it when the shape of a snapshot changes, and the next import
# renders everybody anew.
_SHAPE: Final = "3"
JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, kw_only=True)
class RegisterEntry:
    """What the register says about one person."""

    national_id: NationalId
    family_name: str
    given_names: str
    civility: str
    exercices: tuple[Exercice, ...]

    @cached_property
    def exercices_json(self) -> str:
        """The exercices as a snapshot holds them: made once for all purposes."""
        return exercices_json(self.exercices)

    def fingerprint(self) -> str:
        """Equal if and only if the register says the same: what makes a second import free."""
        # No value holds a tab.
        names = (self.national_id.value, self.family_name, self.given_names, self.civility)
        content = "\t".join((_SHAPE, *names, self.exercices_json))
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()

    def who(
        self, person_id: UUID, identifiers: tuple[AlternativeIdentifier, ...], main: NationalId
    ) -> Professional:
        """The person it is about, without exercices."""
        return Professional(
            person_id=person_id,
            national_id=main.value,
            family_name=self.family_name,
            given_names=self.given_names,
            civility=self.civility,
            is_test=main.is_test,
            alternative_identifiers=identifiers,
        )


def exercices_json(exercices: Iterable[Exercice]) -> str:
    """As a snapshot holds them."""
    return JSON.encode([exercice.to_snapshot() for exercice in exercices])


def merge_rows(rows: Iterable[RegisterRow]) -> RegisterEntry:
    """Merge the rows of one person (at least one). The result does not depend on their order."""
    ordered = list(rows)
    if len(ordered) > 1:
        ordered.sort(key=_row_order)
    exercices = tuple(_exercice(list(group)) for _, group in groupby(ordered, key=_exercice_order))
    first = ordered[0]
    return RegisterEntry(
        national_id=first.national_id,
        family_name=first.family_name,
        given_names=first.given_names,
        civility=first.civility,
        exercices=exercices,
    )


def _exercice_order(row: RegisterRow) -> tuple[bool, str, str]:
    # A profession comes before studies: a nurse at medical school is a nurse.
    return (
        row.code_categorie_professionnelle == CATEGORIE_ETUDIANT,
        row.code_profession,
        row.code_categorie_professionnelle,
    )


def _row_order(row: RegisterRow) -> tuple[object, ...]:
    # After the exercice, the names: the rows of an exercice may disagree, a title wins over none.
    return (
        *_exercice_order(row),
        not row.code_civilite,
        row.code_civilite,
        row.nom,
        row.prenom,
        row.civility,
    )


def _exercice(rows: list[RegisterRow]) -> Exercice:
    first = rows[0]
    return Exercice(
        code_profession=first.code_profession,
        code_categorie_professionnelle=first.code_categorie_professionnelle,
        code_civilite=first.code_civilite,
        nom=first.nom,
        prenom=first.prenom,
        savoir_faire=each_once(row.savoir_faire for row in rows if row.savoir_faire),
        activities=tuple(
            sorted({row.activity for row in rows if row.activity}, key=activity_order)
        ),
    )
