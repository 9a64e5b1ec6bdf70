"""French labels of the codes a person may see. Unknown codes are kept and never made to look known.

Tables of the Nomenclatures des Objets de Santé whose wording is certain: G15, G16, R95, R94, R291
(professions), R09 (category), R23 (mode), G05 (pharmacists' register), R02 (the sectors in use).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# R09: only these read as the profession itself; anything else is not said to be a professional.
CATEGORIE_ETUDIANT: Final = "E"
CATEGORIES_IN_PRACTICE: Final = frozenset({"C", "M", "F"})

CATEGORIES = MappingProxyType(
    {
        "C": "Civil",
        "E": "Étudiant",
        "M": "Agent public",  # « Militaire » before 23 February 2026
        "F": "Fonctionnaire d’État ou de collectivité locale",  # deprecated
    }
)

# G15, then the tables of codes that are no « profession de santé ».
PROFESSIONS = MappingProxyType(
    {
        "10": "Médecin",
        "21": "Pharmacien",
        "26": "Audioprothésiste",
        "28": "Opticien-Lunetier",
        "31": "Assistant dentaire",
        "32": "Physicien médical",
        "35": "Aide-soignant",
        "36": "Ambulancier",
        "37": "Auxiliaire de puériculture",
        "38": "Préparateur en pharmacie hospitalière",
        "39": "Préparateur en pharmacie (officine)",
        "40": "Chirurgien-Dentiste",
        "50": "Sage-Femme",
        "60": "Infirmier",
        "69": "Infirmier psychiatrique",
        "70": "Masseur-Kinésithérapeute",
        "80": "Pédicure-Podologue",
        "81": "Orthoprothésiste",
        "82": "Podo-Orthésiste",
        "83": "Orthopédiste-Orthésiste",
        "84": "Oculariste",
        "85": "Epithésiste",
        "86": "Technicien de laboratoire médical",
        "91": "Orthophoniste",
        "92": "Orthoptiste",
        "93": "Psychologue",  # deprecated in G15, lives on in R95 under the same number
        "94": "Ergothérapeute",
        "95": "Diététicien",
        "96": "Psychomotricien",
        "98": "Manipulateur ERM",
        # R95, usagers de titre
        "71": "Ostéopathe",
        "72": "Psychothérapeute",
        "73": "Chiropracteur",
        "97": "Conseiller en génétique",
        # R94, profession sociale
        "41": "Assistant de service social",
        # R291
        "99": "Acteur participant au système de santé caractérisé par rôle",
    }
)

# G16 uses the numbers of G15 for people who are still learning the profession.
PROFESSIONS_EN_FORMATION = MappingProxyType(
    {
        "10": "Médecin en formation",
        "21": "Pharmacien en formation",
        "40": "Chirurgien-Dentiste en formation",
        "50": "Sage-Femme en formation",
    }
)

MODES_EXERCICE = MappingProxyType(
    {
        "S": "Salarié",
        "L": "Libéral, indépendant, artisan, commerçant",
        "B": "Bénévole",
    }
)

SECTIONS_PHARMACIENS = MappingProxyType(
    {
        "A": "Pharmacien titulaire d’officine",
        "B": "Pharmacien d’entreprise - industrie",
        "C": "Pharmacien d’entreprise - distribution",
        "D": "Pharmacien adjoint, remplaçant ou gérant",
        "DA": "Pharmacien adjoint",
        "DH": "Pharmacien d’un établissement de soins",
        "DM": "Pharmacien mutualiste ou minier",
        "E": "Pharmacien d’Outre-Mer",
        "EA": "Pharmacien titulaire d’officine - OM",
        "EB": "Pharmacien d’entreprise - industrie - OM",
        "EC": "Pharmacien d’entreprise - distribution - OM",
        "ED": "Pharmacien adjoint - OM",
        "EG": "Pharmacien biologiste - OM",
        "EH": "Pharmacien d’établissement de santé - OM",
        "G": "Pharmacien biologiste",
        "H": "Pharmacien d’un établissement de soins",
        "M": "Pharmacien militaire",
    }
)

SECTEURS = MappingProxyType(
    {
        "SA01": "Établissement public de santé",
        "SA02": "Hôpital militaire du Service de santé des armées",
        "SA05": "Centre de santé",
        "SA07": "Cabinet individuel",
        "SA08": "Cabinet de groupe",
        "SA09": "Exercice en société",
        "SA17": "Établissement pour personnes âgées",
        "SA25": "Laboratoire de biologie médicale",
        "SA33": "Pharmacie d’officine",
        "SA34": "Centre de dialyse",
        "SA52": "Maison de santé ou pôle de santé",
    }
)

# By the short name of the table, where labels are looked up.
TABLES: Final[MappingProxyType[str, Mapping[str, str]]] = MappingProxyType(
    {
        "G15": PROFESSIONS,
        "G16": PROFESSIONS_EN_FORMATION,
        "R09": CATEGORIES,
        "R23": MODES_EXERCICE,
        "G05": SECTIONS_PHARMACIENS,
        "R02": SECTEURS,
        # Their codes stand among the professions above.
        "R94": MappingProxyType({}),
        "R95": MappingProxyType({}),
        "R291": MappingProxyType({}),
    }
)
# Complete as built in, but for codes that are in use no more: the rest is unknown, imported or not.
WHOLE_TABLES: Final = frozenset(TABLES) - {"R02"}


def profession_label(code_profession: str, code_categorie: str) -> str:
    """The words for a profession in a category: a student never reads as the profession.

    G16 (category E) and G15 share their numbers, so the category decides the table. A category
    that is not known to mean practice is said as such, since it might mean anything.
    """
    if code_categorie == CATEGORIE_ETUDIANT:
        return PROFESSIONS_EN_FORMATION.get(
            code_profession, f"Étudiant en formation (code {code_profession})"
        )
    if code_categorie not in CATEGORIES_IN_PRACTICE:
        return f"Statut non précisé (code {code_profession}, catégorie {code_categorie or '?'})"
    return PROFESSIONS.get(code_profession, f"Profession de santé (code {code_profession})")
