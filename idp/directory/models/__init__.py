"""The directory: professionals, their cards, and the imports that brought them."""

from idp.directory.models.cards import Card, IssuedCard
from idp.directory.models.imports import FormerState, ImportBatch
from idp.directory.models.nomenclatures import Nomenclature, NomenclatureCode
from idp.directory.models.people import AlternativeIdentifier, Person
from idp.directory.models.practices import Exercice, Practice, SavoirFaire, Structure

__all__ = [
    "AlternativeIdentifier",
    "Card",
    "Exercice",
    "FormerState",
    "ImportBatch",
    "IssuedCard",
    "Nomenclature",
    "NomenclatureCode",
    "Person",
    "Practice",
    "SavoirFaire",
    "Structure",
]
