"""Register files of fictitious people, of any size: same seed, same bytes.

Shares measured on nobody: rounded from the published figures of the open file (about 1.65 rows a
person). RPPS numbers are of the test range while it lasts (`997…`, `998…`, `999…` hold 20 million
with the check digit right); names are obviously invented.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from idp.core.identifiers import luhn_key
from idp.directory.rules.register_columns import ACTIVITY_COLUMNS, PERSON_COLUMNS

COLUMN_NAMES: Final = (*PERSON_COLUMNS.values(), *ACTIVITY_COLUMNS.values())
# G15 code, label, share in percent.
_PROFESSIONS: Final = (
    ("60", "Infirmier", 45), ("10", "Médecin", 22), ("70", "Masseur-Kinésithérapeute", 8),
    ("21", "Pharmacien", 7), ("40", "Chirurgien-Dentiste", 5), ("50", "Sage-Femme", 3),
    ("91", "Orthophoniste", 3), ("28", "Opticien-Lunetier", 3), ("98", "Manipulateur ERM", 2),
    ("80", "Pédicure-Podologue", 1), ("96", "Psychomotricien", 1),
)  # fmt: skip
_NAMES: Final = (
    "FICTIF",
    "EXEMPLE",
    "INVENTÉ",
    "MODÈLE",
    "IMAGINAIRE",
    "ESSAI",
    "TÉMOIN",
    "SPÉCIMEN",
)
_GIVEN: Final = ("Camille", "Dominique", "Maxence", "Éloïse", "Sacha", "Zoé", "Noël", "Anaïs")
_STREETS: Final = ("DE LA FICTION", "DU MODELE", "DES EXEMPLES", "DE L'ESSAI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What to make. `changed`: share of people who differ from the same recipe with 0."""

    people: int
    seed: int
    changed: float = 0.0
    ended: float = 0.0


def fictitious_rpps(number: int) -> str:
    """The `number`-th RPPS number of a fictitious person, at most 20 million of them."""
    prefix, rest = divmod(number, 10_000_000)
    body = f"{('999', '997')[prefix]}{rest:07d}"
    return f"{body}{luhn_key(body)}"


def made_lines(recipe: Recipe, columns: list[str]) -> Iterator[str]:
    """The rows, grouped by person, in the order of `columns`; each ends with the separator.

    The same people whatever the columns; of a file without practices, a row for each savoir-faire.
    """
    template = {name: index for index, name in enumerate(columns)}
    for number in range(recipe.people):
        chance = random.Random(recipe.seed * 1_000_003 + number)  # noqa: S311 (made-up people)
        fate = chance.random()
        if fate >= 1 - recipe.ended:
            continue
        yield from _person(chance, number, template, is_changed=fate < recipe.changed)


def _person(
    chance: random.Random, number: int, template: dict[str, int], *, is_changed: bool
) -> Iterator[str]:
    rpps = fictitious_rpps(number)
    ((code, label, _share),) = chance.choices(_PROFESSIONS, [share for *_, share in _PROFESSIONS])
    is_student = code in {"10", "21", "40", "50"} and chance.random() < 0.08
    values = {
        "Type d'identifiant PP": "8",
        "Identifiant PP": rpps,
        "Identification nationale PP": f"8{rpps}",
        "Code civilité d'exercice": "DR" if code == "10" and not is_student else "",
        "Code civilité": chance.choice(("M", "MME")),
        "Nom d'exercice": f"{chance.choice(_NAMES)}-{number % 9973}{'-BIS' if is_changed else ''}",
        "Prénom d'exercice": chance.choice(_GIVEN),
        "Code profession": code,
        "Libellé profession": label,
        "Code catégorie professionnelle": "E" if is_student else "C",
        "Libellé catégorie professionnelle": "Etudiant" if is_student else "Civil",
    }
    skills = chance.choices((1, 2), (9, 1))[0] if code == "10" and not is_student else 0
    places = chance.choices((0, 1, 2, 3, 5, 9), (12, 52, 22, 9, 4, 1))[0]
    known = [_skill(chance) for _ in range(skills)]
    practices: list[dict[str, str]] = [{}]
    if ACTIVITY_COLUMNS["code_mode_exercice"] in template:
        known = known or [{}]
        practices = [_practice(chance) for _ in range(places)] or practices
    for skill in known:
        for practice in practices:
            row = [""] * (len(template) + 1)
            for name, value in {**values, **skill, **practice}.items():
                if name in template:
                    row[template[name]] = value
            yield "|".join(row)


def _skill(chance: random.Random) -> dict[str, str]:
    code = f"SM{chance.randint(1, 72):02d}"
    return {
        "Code type savoir-faire": "S",
        "Libellé type savoir-faire": "Spécialité ordinale",
        "Code savoir-faire": code,
        "Libellé savoir-faire": f"Spécialité {code}",
    }


def _practice(chance: random.Random) -> dict[str, str]:
    # Structures are shared: about 300,000 of them, the first ones much larger than the others.
    place = int(300_000 * chance.random() ** 3)
    siret = f"9{place:013d}"
    return {
        "Code mode exercice": chance.choice("LSSS"),
        "Libellé mode exercice": "Mode",
        "Numéro SIRET site": siret,
        "Numéro SIREN site": siret[:9],
        "Numéro FINESS site": f"99{place:07d}",
        "Identifiant technique de la structure": f"C{siret}",
        "Raison sociale site": f"STRUCTURE FICTIVE {place}",
        "Enseigne commerciale site": f"MAISON DE SANTE IMAGINAIRE {place}",
        "Numéro Voie (coord. structure)": str(place % 200),
        "Code type de voie (coord. structure)": "R",
        "Libellé type de voie (coord. structure)": "Rue",
        "Libellé Voie (coord. structure)": _STREETS[place % 4],
        "Bureau cedex (coord. structure)": f"99{place % 1000:03d} FICTIVILLE",
        "Code postal (coord. structure)": f"99{place % 1000:03d}",
        "Code commune (coord. structure)": f"99{place % 1000:03d}",
        "Libellé commune (coord. structure)": "Fictiville",
        "Code pays (coord. structure)": "99000",
        "Téléphone (coord. structure)": f"019900{place % 10000:04d}",
        "Code Département (structure)": "99",
        "Ancien identifiant de la structure": f"3{siret}",
        "Autorité d'enregistrement": "ARS/CPAM/CPAM",
        "Code secteur d'activité": f"SA{chance.randint(1, 61):02d}",
        "Libellé secteur d'activité": "Secteur",
        "Code rôle": f"FON-{chance.randint(1, 60):02d}",
        "Code genre activité": "GENR01",
        "Libellé genre activité": "Activité de soin et de pharmacie",
    }
