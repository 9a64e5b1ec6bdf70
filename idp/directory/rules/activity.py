"""One practice (situation d'exercice): the 30 values Pro Santé Connect sends for each activity.

A mirror of one register row, of one database row, and of one `activities[]` entry of the tokens.
"""

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Self


class Activity(NamedTuple):
    """A practice. Every value is text and absent is `""`, as on the wire.

    A tuple: an import makes, compares and sorts millions of them.
    """

    code_mode_exercice: str = ""
    code_secteur_activite: str = ""
    code_section_pharmacien: str = ""
    code_role: str = ""
    code_genre_activite: str = ""
    numero_siret_site: str = ""
    numero_siren_site: str = ""
    numero_finess_site: str = ""
    numero_finess_etablissement_juridique: str = ""
    identifiant_technique_structure: str = ""
    raison_sociale_site: str = ""
    enseigne_commerciale_site: str = ""
    complement_destinataire: str = ""
    complement_point_geographique: str = ""
    numero_voie: str = ""
    indice_repetition_voie: str = ""
    code_type_de_voie: str = ""
    libelle_voie: str = ""
    mention_distribution: str = ""
    bureau_cedex: str = ""
    code_postal: str = ""
    code_commune: str = ""
    code_pays: str = ""
    telephone: str = ""
    telephone2: str = ""
    telecopie: str = ""
    adresse_email: str = ""
    code_departement: str = ""
    ancien_identifiant_structure: str = ""
    autorite_enregistrement: str = ""

    @property
    def has_structure(self) -> bool:
        """A practice may have no place: a locum between two replacements."""
        return bool(self.identifiant_technique_structure)

    @property
    def place(self) -> str:
        """What a person would call the place: the sign over the door, else the legal name."""
        return self.enseigne_commerciale_site or self.raison_sociale_site

    @property
    def place_values(self) -> tuple[str, ...]:
        """What it says of the place alone, in the order of `PLACE_FIELDS`."""
        values: tuple[str, ...] = tuple.__getitem__(self, _PLACE)
        return values

    @property
    def practice_values(self) -> tuple[str, ...]:
        """The others, in the order of `PRACTICE_FIELDS`."""
        return self[: _PLACE.start] + self[_PLACE.stop :]

    def to_wire(self) -> dict[str, str]:
        """The 30 keys with PSC's own spelling, in PSC's order, `""` where nothing is known."""
        return dict(zip(ACTIVITY_KEYS.values(), self, strict=True))

    @classmethod
    def from_snapshot(cls, values: Sequence[str]) -> Self:
        """Back from its values in order; those of a later version are left out, not an error."""
        return cls._make([*values, *_NOTHING[len(values) :]][: len(_NOTHING)])


# Field → key of the UserInfo, letter for letter (mind the spelling).
ACTIVITY_KEYS: Final = MappingProxyType(
    {
        "code_mode_exercice": "codeModeExercice",
        "code_secteur_activite": "codeSecteurDactivite",
        "code_section_pharmacien": "codeSectionPharmacien",
        "code_role": "codeRole",
        "code_genre_activite": "codeGenreActivite",
        "numero_siret_site": "numeroSiretSite",
        "numero_siren_site": "numeroSirenSite",
        "numero_finess_site": "numeroFinessSite",
        "numero_finess_etablissement_juridique": "numeroFinessetablissementJuridique",
        "identifiant_technique_structure": "identifiantTechniqueDeLaStructure",
        "raison_sociale_site": "raisonSocialeSite",
        "enseigne_commerciale_site": "enseigneCommercialeSite",
        "complement_destinataire": "complementDestinataire",
        "complement_point_geographique": "complementPointGeographique",
        "numero_voie": "numeroVoie",
        "indice_repetition_voie": "indiceRepetitionVoie",
        "code_type_de_voie": "codeTypeDeVoie",
        "libelle_voie": "libelleVoie",
        "mention_distribution": "mentionDistribution",
        "bureau_cedex": "bureauCedex",
        "code_postal": "codePostal",
        "code_commune": "codeCommune",
        "code_pays": "codePays",
        "telephone": "telephone",
        "telephone2": "telephone2",
        "telecopie": "telecopie",
        "adresse_email": "adresseEMail",
        "code_departement": "codeDepartement",
        "ancien_identifiant_structure": "ancienIdentifiantDeLaStructure",
        "autorite_enregistrement": "autoriteDenregistrement",
    }
)
ACTIVITY_FIELDS: Final = Activity._fields
_NOTHING: Final = Activity()
# The fields from the first number of a place to its former identifier; before them stands what one
# does there, after them who registered it.
_PLACE: Final = slice(
    ACTIVITY_FIELDS.index("numero_siret_site"), ACTIVITY_FIELDS.index("autorite_enregistrement")
)
PLACE_FIELDS: Final = ACTIVITY_FIELDS[_PLACE]
PRACTICE_FIELDS: Final = tuple(field for field in ACTIVITY_FIELDS if field not in PLACE_FIELDS)

# R23. No rule of PSC is known for "the first activity": a place before none, then practice on
# one's own account, then salaried, then voluntary; the rest in a fixed order.
_MODES_FIRST = ("L", "S", "", "B")


def activity_order(activity: Activity) -> tuple[bool, int, str, Activity]:
    """Sort key that does not depend on the order of a file's rows."""
    mode = activity.code_mode_exercice
    rank = _MODES_FIRST.index(mode) if mode in _MODES_FIRST else len(_MODES_FIRST)
    return (
        not activity.has_structure,
        rank,
        # GENR01, care, comes before replacements and administration.
        activity.code_genre_activite,
        activity,
    )
