"""All rows of one person become one entry, whatever their order and however often repeated.

The register has one row per savoir-faire × activity: both lists are merged, duplicates removed.
(The national loader's trap: it drops the savoir-faire of later rows and
repeats their practices.)
"""

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from idp.core.identifiers import NationalId
from idp.directory.rules.activity import activity_order
from idp.directory.rules.nomenclatures import CATEGORIE_ETUDIANT
from idp.directory.rules.professional import Exercice
from idp.directory.rules.register_row import RegisterRow
from idp.directory.rules.savoir_faire import each_once

# Part of every fingerprint: raise it when the shape of a snapshot changes, and the next import
# renders everybody anew.
_SHAPE: Final = "4"
JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class RegisterEntry(NamedTuple):
    """What the register says about one person. A tuple: an import makes a million of them."""

    national_id: NationalId
    family_name: str
    given_names: str
    civility: str
    exercices: tuple[Exercice, ...]
    # No value, those of the exercices included, holds what JSON would write otherwise.
    is_plain: bool = False

    def to_json(self) -> str:
        """As a snapshot begins (`rules.professional.Snapshot`): made once for all purposes."""
        names = self.family_name, self.given_names, self.civility
        return said_json(names, self.exercices, is_plain=self.is_plain)

    def fingerprint(self) -> str:
        """Equal if and only if the register says the same: what makes a second import free."""
        return fingerprint_of(self.national_id, self.to_json())


def said_json(
    names: tuple[str, str, str], exercices: Sequence[Exercice], *, is_plain: bool = False
) -> str:
    """What the register says of a person, as a snapshot begins.

    `is_plain`: no text holds what JSON would write otherwise (a quote, a backslash, a control
    character), which is known at a fifth of the cost.
    """
    if not is_plain:
        return JSON.encode((*names, exercices))
    return f"{_plain_json(names)[:-1]},[{','.join(map(_plain_exercice, exercices))}]]"


def _plain_json(texts: Sequence[str]) -> str:
    return '["' + '","'.join(texts) + '"]'


def _plain_exercice(exercice: Exercice) -> str:
    savoir_faire = ",".join(map(_plain_json, exercice.savoir_faire))
    activities = ",".join(map(_plain_json, exercice.activities))
    return f"{_plain_json(exercice[:5])[:-1]},[{savoir_faire}],[{activities}]]"


def fingerprint_of(national_id: NationalId, said: str) -> str:
    """Of an entry, by its `to_json`."""
    # No identifier holds a tab.
    content = f"{_SHAPE}\t{national_id.value}\t{said}"
    return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


def merge_rows(rows: Iterable[RegisterRow]) -> RegisterEntry:
    """Merge the rows of one person (at least one). The result does not depend on their order."""
    ordered = list(rows)
    if len(ordered) > 1:
        ordered.sort(key=_row_order)
    first = ordered[0]
    exercices = (
        # Nearly everybody has one.
        (_exercice(ordered),)
        if len(ordered) == 1 or _exercice_order(first) == _exercice_order(ordered[-1])
        else tuple(_exercice(list(each)) for _, each in groupby(ordered, key=_exercice_order))
    )
    return RegisterEntry(
        first.national_id,
        first.family_name,
        first.given_names,
        first.civility,
        exercices,
        all(row.is_plain for row in ordered) if len(ordered) > 1 else first.is_plain,
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
    if len(rows) == 1:
        return Exercice(
            *(first.code_profession, first.code_categorie_professionnelle, first.code_civilite),
            *(first.nom, first.prenom),
            (first.savoir_faire,) if first.savoir_faire else (),
            (first.activity,) if first.activity else (),
        )
    savoir_faire = {row.savoir_faire for row in rows if row.savoir_faire}
    activities = {row.activity for row in rows if row.activity}
    return Exercice(
        first.code_profession,
        first.code_categorie_professionnelle,
        first.code_civilite,
        first.nom,
        first.prenom,
        each_once(savoir_faire),
        tuple(sorted(activities, key=activity_order) if len(activities) > 1 else activities),
    )
