"""The savoir-faire of a person, whichever file says them: one list, each once."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from idp.directory.rules.professional import Exercice, ExerciceSnapshot, SavoirFaire, Snapshot


class Source(StrEnum):
    """Which file says it: a row each, so that either may stop saying it."""

    # The restricted extraction too.
    PEOPLE = "personne_activite"
    LIST = "savoir_faire"


KIND: Final = Source.LIST.value
# By profession and category.
Known = Mapping[tuple[str, str], Sequence[SavoirFaire]]


def each_once(known: Iterable[SavoirFaire]) -> tuple[SavoirFaire, ...]:
    """In the order in which they are shown, which does not depend on the one given."""
    every = {*known}
    return tuple(sorted(every, key=_order) if len(every) > 1 else every)


def with_listed(exercices: Sequence[Exercice], listed: Known) -> tuple[Exercice, ...]:
    """What is shown: what their own rows say, and what is `listed` of professions practised."""
    return tuple(
        exercice._replace(savoir_faire=each_once((*exercice.savoir_faire, *more)))
        if (more := listed.get((exercice.code_profession, exercice.code_categorie_professionnelle)))
        else exercice
        for exercice in exercices
    )


def with_savoir_faire(snapshot: Snapshot, known: Known) -> Snapshot:
    """The same person with these savoir-faire, and no others."""
    family_name, given_names, civility, exercices, subject, national_id, is_test, names = snapshot
    knowing = [_knowing(exercice, known) for exercice in exercices]
    return family_name, given_names, civility, knowing, subject, national_id, is_test, names


def _knowing(exercice: ExerciceSnapshot, known: Known) -> ExerciceSnapshot:
    profession, category, civility, nom, prenom, _, activities = exercice
    savoir_faire = each_once(known.get((profession, category), ()))
    return profession, category, civility, nom, prenom, savoir_faire, activities


def _order(known: SavoirFaire) -> tuple[bool, str, str]:
    # The spécialité ordinale (R04 `S`) is what the person is called by.
    return known.code_type != "S", known.code_type, known.code
