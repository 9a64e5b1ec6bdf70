"""The savoir-faire of a person, whichever file says them: one list, each once."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Final

from idp.directory.rules.professional import Exercice, SavoirFaire, Snapshot


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
    return tuple(sorted(set(known), key=_order))


def with_listed(exercices: Sequence[Exercice], listed: Known) -> tuple[Exercice, ...]:
    """What is shown: what their own rows say, and what is `listed` of professions practised."""
    return tuple(
        replace(exercice, savoir_faire=each_once((*exercice.savoir_faire, *more)))
        if (more := listed.get((exercice.code_profession, exercice.code_categorie_professionnelle)))
        else exercice
        for exercice in exercices
    )


def with_savoir_faire(snapshot: Snapshot, known: Known) -> Snapshot:
    """The same person with these savoir-faire, and no others."""
    return {
        **snapshot,
        "exercices": [
            {
                **exercice,
                "savoir_faire": [
                    (each.code_type, each.code)
                    for each in each_once(
                        known.get(
                            (
                                exercice["code_profession"],
                                exercice["code_categorie_professionnelle"],
                            ),
                            (),
                        )
                    )
                ],
            }
            for exercice in snapshot["exercices"]
        ],
    }


def _order(known: SavoirFaire) -> tuple[bool, str, str]:
    # The spécialité ordinale (R04 `S`) is what the person is called by.
    return known.code_type != "S", known.code_type, known.code
