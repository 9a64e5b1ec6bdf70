"""One practice among several, « en tant que »: named by a key that outlives small changes.

A key is made of what a practice is (profession, place, role), not of its telephone number.
"""

import hashlib
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Final

from idp.directory.rules.activity import Activity
from idp.directory.rules.professional import Exercice, Professional

KEY_LENGTH: Final = 32
_OF_ACTIVITY: Final = (
    "identifiant_technique_structure",
    "code_mode_exercice",
    "code_secteur_activite",
    "code_section_pharmacien",
    "code_role",
    "code_genre_activite",
)
# What tells places apart that have no identifier.
_OF_PLACE: Final = ("raison_sociale_site", "enseigne_commerciale_site", "code_postal")
_WITH_STRUCTURE: Final = attrgetter(*_OF_ACTIVITY)
_WITHOUT: Final = attrgetter(*_OF_ACTIVITY, *_OF_PLACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """A profession at a place. `key`: 32 hexadecimal digits."""

    key: str
    exercice: Exercice
    activity: Activity


def practices_of(professional: Professional) -> tuple[Practice, ...]:
    """Every practice, the first of the claims first; two that cannot be told apart are one."""
    every = {
        key_of(exercice, activity): (exercice, activity)
        for exercice in reversed(professional.exercices)
        for activity in reversed(exercice.activities)
    }
    return tuple(
        Practice(key=key, exercice=exercice, activity=activity)
        for key, (exercice, activity) in reversed(every.items())
    )


def practice_named(professional: Professional, key: str) -> Practice | None:
    """None where the person has no such practice, or has it no more."""
    return next((each for each in practices_of(professional) if each.key == key), None)


def leading_with(professional: Professional, key: str) -> Professional:
    """With this practice first, and so in what the claims say of one practice alone.

    Unchanged for `""`, and for a practice that the register ended meanwhile.
    """
    chosen = practice_named(professional, key) if key else None
    if chosen is None:
        return professional
    first = chosen.exercice._replace(activities=_first(chosen.exercice.activities, chosen.activity))
    others = tuple(each for each in professional.exercices if each is not chosen.exercice)
    return replace(professional, exercices=(first, *others))


def key_of(exercice: Exercice, activity: Activity) -> str:
    names = _WITH_STRUCTURE if activity.has_structure else _WITHOUT
    # No value holds a tab: no two lists of them read alike.
    text = "\t".join((*exercice[:2], *names(activity)))
    return hashlib.blake2b(text.encode(), digest_size=KEY_LENGTH // 2).hexdigest()


def _first(activities: tuple[Activity, ...], chosen: Activity) -> tuple[Activity, ...]:
    return (chosen, *(each for each in activities if each is not chosen))
